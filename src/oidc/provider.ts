/**
 * The OpenID Connect provider: which features are on, how long things live, what is always required.
 *
 * Enforced: authorization code only; PKCE S256 (RFC 9700 2.1.1); pairwise subjects; signed assertions; secrets compared as
 * hashes; a grant holds exactly what the citizen consented to; an assertion leaves only after its audit
 * record is durable.
 */
import type { KeyObject } from 'node:crypto';
import { type Configuration, errors, type JWKS, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CitizenRecords } from '../citizen/citizen-record.ts';
import type { ConsentStore } from '../citizen/consent.ts';
import type { Clock } from '../clock.ts';
import type { AcrNames, LevelOfAssurance } from '../identity/level-of-assurance.ts';
import type { NotBeforeStore } from '../not-before.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { createFindAccount } from './account.ts';
import { answerByRequestedName } from './answered-level.ts';
import { type AssuranceAbilities, assuranceMetadata } from './assurance-metadata.ts';
import { auditAssertions, noteForAudit } from './audited-endpoints.ts';
import type { LogoutNoticeStore } from './back-channel-logout/logout-notice.ts';
import {
  type NotifyPortals,
  notifyOfSessionEnds,
  rememberParticipants,
} from './back-channel-logout/session-participants.ts';
import { PROTOCOL_CLAIMS, SINGLE_CLAIMS, scopeClaims } from './claims.ts';
import { claimsParameterProblem } from './claims-parameter.ts';
import { assertClientAssertion } from './client-assertion.ts';
import { createCountPortal } from './client-count.ts';
import { EXTRA_CLIENT_METADATA } from './client-metadata.ts';
import { authenticateBySecretHash } from './client-secret.ts';
import { createLoadGrant } from './consented-grant.ts';
import { type AddressParameters, continueByGet } from './continue-by-get.ts';
import type { CookieSignatures } from './cookie-signatures.ts';
import { isOriginAllowed } from './cross-origin.ts';
import { omitEmptyLists } from './discovery-document.ts';
import { showEncryptionFailure } from './encryption-failure.ts';
import { createHasEnded } from './ended-records.ts';
import { refuseOtherMethods } from './endpoint-methods.ts';
import { rememberSignIns, signInOfGrant } from './grant.ts';
import { createInteractionPolicy } from './interaction-policy.ts';
import { knowNoJwt } from './introspected-jwt.ts';
import { refusePublicPortals } from './introspection-authorization.ts';
import { DEFAULT_ALGORITHM } from './keys/key-ring.ts';
import {
  countByCertificate,
  type MutualTlsParts,
  mutualTlsAliases,
  mutualTlsFeature,
  mutualTlsMethods,
} from './mutual-tls.ts';
import { type FetchOfPortal, fetchForProvider } from './portal-address.ts';
import { withoutHint } from './posted-hint.ts';
import { isPkceRequired } from './proof-of-code.ts';
import { createAdapterFactory } from './protocol-adapter.ts';
import type { ProtocolStore } from './protocol-store.ts';
import { refreshTokenSeconds, refreshTokens } from './refresh-tokens.ts';
import { detectReplays } from './replay-detection.ts';
import { CLIENT_AUTH_METHODS, enabledAlgorithms, securityFeatures } from './security-features.ts';
import { bindTokensToSessions } from './session-tokens.ts';
import { endWithoutSession, keepLanguage, type SignOutPages, signOutFeature } from './sign-out.ts';
import { pairwiseSubject } from './subject-identifier.ts';
import type { SubmittedInteractions } from './submitted-interactions.ts';
import { refuseSuspended } from './suspended-portal.ts';
import { admitVerifiedClaimsList } from './verified-claims-list.ts';

export interface Lifetimes {
  readonly interactionSeconds: number;
  /** From the card to the end of the session, however much it is used. */
  readonly sessionSeconds: number;
  readonly authorizationCodeSeconds: number;
  readonly accessTokenSeconds: number;
  readonly idTokenSeconds: number;
}

export interface ProviderParts {
  readonly issuer: string;
  readonly lifetimes: Lifetimes;
  /** Fixed for this provider: when keys change, another one takes its place. */
  readonly jwks: JWKS;
  /** Shared with the application that the provider is mounted in. */
  readonly cookieSignatures: CookieSignatures;
  readonly subjectKey: KeyObject;
  readonly protocol: ProtocolStore;
  readonly portals: PortalStore;
  readonly consents: ConsentStore;
  readonly citizens: CitizenRecords;
  readonly submitted: SubmittedInteractions;
  /** From when on anything counts, for everybody; asked for with every record. */
  readonly notBefore: NotBeforeStore['find'];
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly uiLocales: readonly string[];
  /** Where an interaction takes place, as a path of the issuer. */
  readonly interactionPath: (uid: string) => string;
  /** Present where portals may show certificates. */
  readonly mutualTls?: MutualTlsParts | undefined;
  readonly acrNames: AcrNames;
  readonly assurance: AssuranceAbilities;
  /** The highest level that an accepted document can earn; undefined when none is accepted. */
  readonly highestReachableLevel: () => Promise<LevelOfAssurance | undefined>;
  /** Counts a portal that has authenticated. Rejects with ServiceError TOO_MANY_REQUESTS. */
  readonly countClient: (clientId: string) => Promise<void>;
  readonly fetchOfPortal: FetchOfPortal;
  /** Shows the page of an error that cannot go back to the portal. */
  readonly renderError: (ctx: KoaContextWithOIDC, error: Error) => void;
  readonly signOutPages: SignOutPages;
  readonly logoutNotices: LogoutNoticeStore;
  readonly notifyPortals: NotifyPortals;
}

export function createProvider(parts: ProviderParts): Provider {
  const { lifetimes, portals, subjectKey } = parts;
  const secureCookies = parts.issuer.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, secure: secureCookies, overwrite: true } as const;
  const scopes = scopeClaims(parts.assurance.nameLanguages);
  const loadExistingGrant = createLoadGrant({ ...parts, profileClaims: scopes.profile });

  const countPortal = createCountPortal(parts.countClient);

  const isOfCitizen = async ({ oidc: { entities } }: KoaContextWithOIDC): Promise<boolean> => {
    const { accountId } = entities.Grant ?? {};
    const signedInAt = entities.Grant && signInOfGrant(entities.Grant);
    if (accountId === undefined || signedInAt === undefined) return false;
    return (await parts.citizens.recall({ accountId, signedInAt })) !== undefined;
  };

  const subjectFor = async (clientId: string, accountId: string): Promise<string> => {
    const portal = await portals.find(clientId);
    if (portal === undefined) throw new TypeError('a client of the provider is a registered portal');
    return pairwiseSubject(accountId, portal.sector, subjectKey);
  };

  const configuration: Configuration = {
    adapter: createAdapterFactory({ ...parts, hasEnded: createHasEnded(parts.notBefore, portals) }),
    findAccount: createFindAccount(parts.citizens, portals),
    loadExistingGrant,
    jwks: parts.jwks,

    scopes: Object.keys(scopes),
    claims: {
      ...scopes,
      ...Object.fromEntries([...PROTOCOL_CLAIMS, ...SINGLE_CLAIMS, 'verified_claims'].map((claim) => [claim, null])),
    },
    acrValues: [...parts.acrNames.keys()],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_ctx, accountId, client) => subjectFor(client.clientId, accountId),

    responseTypes: ['code'],
    clientAuthMethods: [...CLIENT_AUTH_METHODS, ...mutualTlsMethods(parts.mutualTls)],
    clientDefaults: {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: DEFAULT_ALGORITHM,
    },
    extraClientMetadata: { properties: [...EXTRA_CLIENT_METADATA] },
    enabledJWA: enabledAlgorithms(parts.jwks),
    // Called when the signature has verified, and before anything is done for the portal.
    async assertJwtClientAuthClaimsAndHeader(ctx, claims, header, client) {
      await assertClientAssertion(ctx, claims, header, client);
      await countPortal(client.clientId, ctx);
    },
    ...refreshTokens,
    pkce: { required: (ctx, client) => isPkceRequired(ctx, client.thiqa_pkce_exemption) },
    allowOmittingSingleRegisteredRedirectUri: false,
    // FAPI 2.0 Security Profile 5.3.2.1: clocks may differ by ten seconds.
    clockTolerance: 10,
    clientBasedCORS: isOriginAllowed,
    fetch: fetchForProvider(parts.fetchOfPortal),

    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      claimsParameter: {
        enabled: true,
        assertClaimsParameter(_ctx, claims) {
          const problem = claimsParameterProblem({ ...claims });
          if (problem !== undefined) throw new errors.InvalidRequest(problem);
        },
      },
      userinfo: { enabled: true },
      mTLS: mutualTlsFeature(parts.mutualTls),
      introspection: {
        enabled: true,
        // oidc-provider does not look the citizen up here.
        allowedPolicy: async (ctx, client, token) => isOwnToken(ctx, client, token) && (await isOfCitizen(ctx)),
      },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: isOwnToken },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: signOutFeature(portals, parts.signOutPages),
      backchannelLogout: { enabled: true },
      ...securityFeatures(subjectKey),
      // Keys of the JWK set that verify and do not sign (keys/provider-keys.ts).
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    },

    interactions: {
      url: (_ctx, interaction) => parts.interactionPath(interaction.uid),
      policy: createInteractionPolicy({
        ...parts,
        subjectOf: (ctx, accountId) => subjectFor(String(ctx.oidc.client?.clientId), accountId),
      }),
    },
    cookies: { long: cookie, short: cookie },
    discovery: {
      ui_locales_supported: [...parts.uiLocales],
      ...assuranceMetadata(parts.assurance),
      ...(parts.mutualTls && { mtls_endpoint_aliases: mutualTlsAliases(parts.mutualTls.origin) }),
    },
    async renderError(ctx, out, error) {
      ctx.state.oauthError = out.error;
      parts.renderError(ctx, error);
    },

    ttl: {
      AccessToken: lifetimes.accessTokenSeconds,
      AuthorizationCode: lifetimes.authorizationCodeSeconds,
      Grant: lifetimes.sessionSeconds + lifetimes.accessTokenSeconds,
      IdToken: lifetimes.idTokenSeconds,
      Interaction: lifetimes.interactionSeconds,
      RefreshToken: (_ctx, token) => refreshTokenSeconds(token.authTime, lifetimes.sessionSeconds, parts.clock),
      // oidc-provider would prolong a session at each use; a card that was presented counts until one fixed moment.
      Session: (_ctx, session) => {
        const now = Math.floor(parts.clock().getTime() / 1000);
        return Math.max((session.loginTs ?? now) + lifetimes.sessionSeconds - now, 1);
      },
    },
  };

  const provider = new Provider(parts.issuer, configuration);
  refuseSuspended(provider, portals);
  rememberSignIns(provider);
  bindTokensToSessions(provider, parts.clock);
  admitVerifiedClaimsList(provider);
  // The application in front sets X-Forwarded-* from its own configuration and drops what a client sent (http/app.ts).
  provider.proxy = true;
  authenticateBySecretHash(provider, countPortal);
  detectReplays(provider, parts.protocol);
  if (parts.mutualTls) countByCertificate(provider, parts.mutualTls, countPortal);
  answerByRequestedName(provider, parts.acrNames);
  // The same signatures as its own configuration gives, at less cost.
  provider.keys = parts.cookieSignatures;
  notifyOfSessionEnds(provider, parts.notifyPortals);
  provider.use(auditAssertions(parts.audit));
  provider.use(rememberParticipants(parts.logoutNotices, lifetimes.sessionSeconds));
  provider.use(
    continueByGet(
      new Map<string, AddressParameters>([
        [provider.pathFor('authorization'), (posted) => posted],
        [provider.pathFor('end_session'), (posted) => withoutHint(provider, posted)],
      ]),
    ),
  );
  provider.use(endWithoutSession(portals, parts.signOutPages));
  provider.use(showEncryptionFailure(parts.renderError));
  provider.use(keepLanguage);
  provider.use(refuseOtherMethods(provider));
  provider.use(omitEmptyLists);
  provider.use(refusePublicPortals);
  provider.use(knowNoJwt);
  noteForAudit(provider);
  return provider;
}

/**
 * RFC 7662 4, RFC 7009 2.1: of another portal's token nobody learns whether it exists, and nobody revokes it. The answers
 * are those for a token that is unknown.
 */
function isOwnToken(
  _ctx: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId?: string | undefined },
): boolean {
  return token.clientId === client.clientId;
}
