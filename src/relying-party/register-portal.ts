/**
 * Onboarding: an officer's registration document -> a portal. What weakens a rule, or widens what a portal may do, is
 * part of the record: an old client without PKCE, refresh tokens, a sector that is shared.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { OnboardingError, ThiqaError } from '../errors.ts';
import type { LocalizedText, Portal, PortalStore } from './portal.ts';
import { protocolMetadata, type ServiceAbilities } from './protocol-metadata.ts';
import { type RegistrationDocument, registrationDocument } from './registration-document.ts';
import { isInSector, sharedWith } from './sector.ts';

export interface RegisteredPortal {
  readonly portal: Portal;
  /** Shown once; only its hash is kept. Absent where the portal proves itself by a key, or not at all. */
  readonly clientSecret?: string;
}

export interface OnboardingPorts {
  readonly portals: PortalStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly approvableClaims: readonly string[];
  readonly abilities: ServiceAbilities;
  /** The JSON value at an https address that the portal supplied. @throws ServiceError FETCH_... */
  readonly fetchJson: (address: string) => Promise<unknown>;
}

/**
 * @param document parsed JSON or YAML from an officer; checked here
 * @throws OnboardingError PORTAL_MALFORMED with `detail.problems` (every problem, with its path), PORTAL_EXISTS
 */
export async function registerPortal(document: unknown, ports: OnboardingPorts): Promise<RegisteredPortal> {
  const parsed = registrationDocument(ports.approvableClaims, ports.abilities).safeParse(document);
  if (!parsed.success) {
    throw malformed(parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));
  }
  const registration = parsed.data;
  const clientSecret = hasSecret(registration) ? randomBytes(32).toString('base64url') : undefined;
  const portal = portalOf(registration, clientSecret, ports.clock());
  if ((await ports.portals.find(portal.clientId)) !== undefined) throw alreadyRegistered();
  const sharesSectorWith = await sharedWith(portal, ports.portals);
  if (sharesSectorWith.length > 0 && portal.sharedSector !== true) {
    throw malformed([
      {
        path: 'shared_sector',
        message: `portals of other hosts have this sector, so it needs approval: ${sharesSectorWith.join(', ')}`,
      },
    ]);
  }
  await checkSectorList(portal, ports);
  // Recorded first: a registration without its record must not exist, a record without its registration may.
  await ports.audit.append({
    type: 'portal.registered',
    clientId: portal.clientId,
    ...(portal.securityProfile && { securityProfile: portal.securityProfile }),
    ...(portal.requirePkce === false && { pkceRequired: false }),
    ...(portal.requireNonce === false && { nonceRequired: false }),
    ...(portal.refreshTokens && { refreshTokens: true }),
    ...(portal.sharedSector && { sharesSectorWith }),
  });
  if (!(await ports.portals.put(portal))) throw alreadyRegistered();
  return clientSecret === undefined ? { portal } : { portal, clientSecret };
}

function portalOf(registration: RegistrationDocument, clientSecret: string | undefined, registeredAt: Date): Portal {
  const protocol = protocolMetadata(registration);
  return {
    clientId: registration.client_id,
    name: withoutUndefined(registration.name),
    sector: registration.sector,
    ...(registration.shared_sector === true && { sharedSector: true }),
    redirectUris: registration.redirect_uris,
    tokenEndpointAuthMethod: registration.token_endpoint_auth_method,
    ...(clientSecret !== undefined && {
      clientSecretHash: createHash('sha256').update(clientSecret, 'utf8').digest('base64url'),
    }),
    ...(registration.jwks && { jwks: registration.jwks }),
    ...(Object.keys(protocol).length > 0 && { protocol }),
    ...(registration.security_profile === 'fapi2' && { securityProfile: 'fapi2' }),
    ...(registration.require_pkce === false && { requirePkce: false }),
    ...(registration.require_nonce === false && { requireNonce: false }),
    ...(registration.refresh_tokens === true && { refreshTokens: true }),
    ...(registration.minimum_acr && { minimumLevel: registration.minimum_acr }),
    claims: [...new Set(registration.claims)],
    purpose: withoutUndefined(registration.purpose),
    status: 'active',
    registeredAt,
  };
}

function hasSecret({ token_endpoint_auth_method: method }: RegistrationDocument): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

/** OpenID Connect Core 8.1, Dynamic Client Registration 5: fetched now, so that a wrong one never signs anybody in. */
async function checkSectorList({ protocol, redirectUris }: Portal, ports: OnboardingPorts): Promise<void> {
  const address = protocol?.sector_identifier_uri;
  if (address === undefined) return;
  const fail = (message: string): OnboardingError => malformed([{ path: 'sector_identifier_uri', message }]);
  let list: unknown;
  try {
    list = await ports.fetchJson(address);
  } catch (error) {
    if (!(error instanceof ThiqaError)) throw error;
    throw fail(`it cannot be fetched (${error.code}): ${error.message}`);
  }
  if (!isInSector(list, redirectUris)) throw fail('the list there does not name every redirect URI');
}

function malformed(problems: readonly { readonly path: string; readonly message: string }[]): OnboardingError {
  return new OnboardingError('PORTAL_MALFORMED', 'the registration document has problems', { detail: { problems } });
}

function alreadyRegistered(): OnboardingError {
  return new OnboardingError('PORTAL_EXISTS', 'a portal with this client_id is registered already');
}

function withoutUndefined(texts: Partial<Record<keyof LocalizedText, string | undefined>>): LocalizedText {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
}
