/**
 * Onboarding: an officer's registration document -> a portal (after OpenID Connect Dynamic Client Registration 1.0,
 * section 2, with what a public service must add: its name in the languages of its citizens, the claims that it asks
 * for, and why).
 */
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { OnboardingError } from '../errors.ts';
import { type LocalizedText, type Portal, type PortalStore, TOKEN_ENDPOINT_AUTH_METHODS } from './portal.ts';

const text = z.string().trim().min(1).max(300);
const localizedText = z
  .strictObject({ ar: text.optional(), fr: text.optional(), en: text.optional(), zgh: text.optional() })
  .refine((texts) => Object.values(texts).some((value) => value !== undefined), 'at least one language is needed');

/** Loopback over http serves development (RFC 8252 8.3); everything else travels encrypted. */
const redirectUri = z
  .string()
  .max(2000)
  .refine((value) => {
    const url = URL.parse(value);
    if (url === null || url.hash !== '' || value.includes('#') || url.username !== '' || url.password !== '')
      return false;
    const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    return url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
  }, 'an absolute https URL (http only on loopback) without fragment and user information is needed');

const publicKey = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']) })
  .refine((jwk) => !PRIVATE_MEMBERS.some((member) => member in jwk), 'a private key must never be registered')
  .refine(isUsableKey, 'the key is incomplete, or of no kind that is known');

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

function isUsableKey(jwk: Readonly<Record<string, unknown>>): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' });
    return true;
  } catch {
    // Its reason would quote the key.
    return false;
  }
}

/** @param approvable the claims that exist to be asked for */
function registrationSchema(approvable: readonly string[]) {
  return z
    .strictObject({
      client_id: z.string().regex(/^[a-z0-9][a-z0-9.-]{2,63}$/, '3 to 64 of a-z, 0-9, dot and hyphen are needed'),
      name: localizedText,
      sector: z.hostname().max(253).toLowerCase(),
      redirect_uris: z.array(redirectUri).min(1).max(20),
      token_endpoint_auth_method: z.enum(TOKEN_ENDPOINT_AUTH_METHODS),
      jwks: z.strictObject({ keys: z.array(publicKey).min(1).max(10) }).optional(),
      claims: z
        .array(z.string().refine((claim) => approvable.includes(claim), 'no such claim can be asked for'))
        .max(50),
      purpose: localizedText,
    })
    .superRefine((document, context) => {
      const fail = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
      if (document.token_endpoint_auth_method === 'private_key_jwt' && document.jwks === undefined) {
        fail('jwks', 'private_key_jwt needs the public keys of the portal');
      }
      if (document.token_endpoint_auth_method !== 'private_key_jwt' && document.jwks !== undefined) {
        fail('jwks', 'only private_key_jwt uses keys');
      }
      // OpenID Connect Core 8.1: several hosts would need a sector_identifier_uri.
      const hosts = new Set(document.redirect_uris.map((uri) => URL.parse(uri)?.host));
      if (hosts.size > 1) fail('redirect_uris', 'all must have one host');
    });
}

export interface RegisteredPortal {
  readonly portal: Portal;
  /** Shown once; only its hash is kept. Absent for private_key_jwt. */
  readonly clientSecret?: string;
}

export interface OnboardingPorts {
  readonly portals: PortalStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly approvableClaims: readonly string[];
}

/**
 * @param document parsed JSON or YAML from an officer; checked here
 * @throws OnboardingError PORTAL_MALFORMED with `detail.problems` (every problem, with its path), PORTAL_EXISTS
 */
export async function registerPortal(document: unknown, ports: OnboardingPorts): Promise<RegisteredPortal> {
  const parsed = registrationSchema(ports.approvableClaims).safeParse(document);
  if (!parsed.success) {
    throw new OnboardingError('PORTAL_MALFORMED', 'the registration document has problems', {
      detail: {
        problems: parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
      },
    });
  }
  const registration = parsed.data;
  const clientSecret =
    registration.token_endpoint_auth_method === 'client_secret_basic'
      ? randomBytes(32).toString('base64url')
      : undefined;
  const portal: Portal = {
    clientId: registration.client_id,
    name: withoutUndefined(registration.name),
    sector: registration.sector,
    redirectUris: registration.redirect_uris,
    tokenEndpointAuthMethod: registration.token_endpoint_auth_method,
    ...(clientSecret !== undefined && {
      clientSecretHash: createHash('sha256').update(clientSecret, 'utf8').digest('base64url'),
    }),
    ...(registration.jwks && { jwks: registration.jwks }),
    claims: [...new Set(registration.claims)],
    purpose: withoutUndefined(registration.purpose),
    status: 'active',
    registeredAt: ports.clock(),
  };
  if ((await ports.portals.find(portal.clientId)) !== undefined) throw alreadyRegistered();
  // Recorded first: a registration without its record must not exist, a record without its registration may.
  await ports.audit.append({ type: 'portal.registered', clientId: portal.clientId });
  if (!(await ports.portals.put(portal))) throw alreadyRegistered();
  return clientSecret === undefined ? { portal } : { portal, clientSecret };
}

function alreadyRegistered(): OnboardingError {
  return new OnboardingError('PORTAL_EXISTS', 'a portal with this client_id is registered already');
}

function withoutUndefined(texts: Partial<Record<keyof LocalizedText, string | undefined>>): LocalizedText {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
}
