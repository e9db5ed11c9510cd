/**
 * What an officer may write about a portal (after OpenID Connect Dynamic Client Registration 1.0, section 2, with what a
 * public service must add), and which members go together. First each member is checked, then their combinations.
 */
import { z } from 'zod';
import { SUBJECT_MEMBERS } from '../client-authentication/registered-subject.ts';
import { LEVELS_OF_ASSURANCE } from '../identity/level-of-assurance.ts';
import { TOKEN_ENDPOINT_AUTH_METHODS } from './portal.ts';
import { protocolMembers, RESPONSES, type ServiceAbilities } from './protocol-metadata.ts';
import { publicKeySet } from './public-key.ts';
import { browserAddress, hostNames, isHttpOnLoopback } from './registered-address.ts';

const text = z.string().trim().min(1).max(300);
const localizedText = z
  .strictObject({ ar: text.optional(), fr: text.optional(), en: text.optional(), zgh: text.optional() })
  .refine((texts) => Object.values(texts).some((value) => value !== undefined), 'at least one language is needed');

/**
 * @param approvable the claims that exist to be asked for
 */
export function registrationDocument(approvable: readonly string[], abilities: ServiceAbilities) {
  return z
    .strictObject({
      client_id: z.string().regex(/^[a-z0-9][a-z0-9.-]{2,63}$/, '3 to 64 of a-z, 0-9, dot and hyphen are needed'),
      name: localizedText,
      sector: z.hostname().max(253).toLowerCase(),
      shared_sector: z.boolean().optional(),
      redirect_uris: z.array(browserAddress).min(1).max(20),
      token_endpoint_auth_method: z.enum(TOKEN_ENDPOINT_AUTH_METHODS),
      jwks: publicKeySet.optional(),
      security_profile: z.enum(['basic', 'fapi2']).optional(),
      require_pkce: z.boolean().optional(),
      require_nonce: z.boolean().optional(),
      refresh_tokens: z.boolean().optional(),
      minimum_acr: z.enum(LEVELS_OF_ASSURANCE).optional(),
      claims: z
        .array(z.string().refine((claim) => approvable.includes(claim), 'no such claim can be asked for'))
        .max(50),
      purpose: localizedText,
      ...protocolMembers(abilities),
    })
    .superRefine((document, context) => {
      for (const [path, message] of [
        ...combinationProblems(document, abilities),
        ...(document.security_profile === 'fapi2' ? fapiProblems(document) : []),
      ]) {
        context.addIssue({ code: 'custom', path: [path], message });
      }
    });
}

export type RegistrationDocument = z.output<ReturnType<typeof registrationDocument>>;
type Member = keyof RegistrationDocument;
type Problem = readonly [path: Member, message: string];

function* combinationProblems(
  document: RegistrationDocument,
  { mutualTls, portalAuthorities, isSandbox }: ServiceAbilities,
): Iterable<Problem> {
  const method = document.token_endpoint_auth_method;
  const byTls = method === 'tls_client_auth' || method === 'self_signed_tls_client_auth';
  if (byTls && !mutualTls) yield ['token_endpoint_auth_method', 'this service asks no portal for a certificate'];
  if (method === 'tls_client_auth' && mutualTls && !portalAuthorities) {
    yield ['token_endpoint_auth_method', 'this service trusts no CA for the certificates of portals'];
  }

  // Keys: by value or by address, and only where something uses them.
  const encrypted = RESPONSES.filter((response) => document[`${response}_encrypted_response_alg`] !== undefined);
  const signsRequests =
    document.request_object_signing_alg !== undefined || document.require_signed_request_object === true;
  const byKey = method === 'private_key_jwt' || method === 'self_signed_tls_client_auth';
  const needsKeys = byKey || signsRequests || encrypted.length > 0;
  const hasKeys = document.jwks !== undefined || document.jwks_uri !== undefined;
  if (document.jwks !== undefined && document.jwks_uri !== undefined) {
    yield ['jwks_uri', 'keys are registered by value or by address, not both'];
  }
  if (needsKeys && !hasKeys) {
    yield ['jwks', `${byKey ? method : 'what is registered'} needs the public keys of the portal, here or by jwks_uri`];
  }
  if (hasKeys && !needsKeys) yield [document.jwks === undefined ? 'jwks_uri' : 'jwks', 'nothing registered uses keys'];
  if (
    method === 'self_signed_tls_client_auth' &&
    document.jwks !== undefined &&
    !document.jwks.keys.some((key) => key.x5c !== undefined)
  ) {
    yield ['jwks', 'self_signed_tls_client_auth needs the certificate of a key, as x5c (RFC 8705 2.2)'];
  }

  // RFC 8705 2.1.2.
  const subjects = SUBJECT_MEMBERS.filter((member) => document[member] !== undefined);
  if (method === 'tls_client_auth' && subjects.length !== 1) {
    yield ['tls_client_auth_subject_dn', 'tls_client_auth needs exactly one subject of the certificate'];
  }
  if (method !== 'tls_client_auth') {
    for (const member of subjects) yield [member, 'only tls_client_auth uses a subject of a certificate'];
  }
  if (method !== 'private_key_jwt' && document.token_endpoint_auth_signing_alg !== undefined) {
    yield ['token_endpoint_auth_signing_alg', 'only private_key_jwt signs assertions'];
  }
  if (document.tls_client_certificate_bound_access_tokens === true) {
    if (!mutualTls)
      yield ['tls_client_certificate_bound_access_tokens', 'this service asks no portal for a certificate'];
    if (document.dpop_bound_access_tokens === true) {
      yield ['dpop_bound_access_tokens', 'a token is bound to a DPoP key or to a certificate, not both'];
    }
  }

  // What is encrypted is signed first, and how is written down: the standard's default would be A128CBC-HS256.
  for (const response of RESPONSES) {
    const [alg, enc, signed] = [
      `${response}_encrypted_response_alg`,
      `${response}_encrypted_response_enc`,
      `${response}_signed_response_alg`,
    ] as const;
    if (document[alg] !== undefined && document[enc] === undefined) yield [enc, `${alg} needs it`];
    if (document[alg] === undefined && document[enc] !== undefined) yield [alg, `${enc} needs it`];
    if (document[alg] !== undefined && document[signed] === undefined) yield [signed, `${alg} needs it`];
  }

  const refreshes = document.grant_types?.includes('refresh_token') === true;
  if (refreshes && document.refresh_tokens !== true)
    yield ['grant_types', 'refresh tokens need approval: refresh_tokens'];
  if (!refreshes && document.refresh_tokens === true) {
    yield ['refresh_tokens', 'a portal that may use refresh tokens registers the grant type refresh_token'];
  }
  if (document.require_pkce === false && method === 'none') {
    yield ['require_pkce', 'a public portal has nothing else that protects its code'];
  }
  if (document.require_nonce === false && (document.require_pkce !== false || !isSandbox)) {
    yield ['require_nonce', 'without PKCE a request needs a nonce; only a sandbox may do without both'];
  }
  if (document.backchannel_logout_session_required === true && document.backchannel_logout_uri === undefined) {
    yield ['backchannel_logout_session_required', 'it needs backchannel_logout_uri'];
  }
  const logoutAddress = URL.parse(document.backchannel_logout_uri ?? '');
  if (logoutAddress !== null && isHttpOnLoopback(logoutAddress) && !isSandbox) {
    yield ['backchannel_logout_uri', 'only a sandbox sends notices of logout over http'];
  }

  // OpenID Connect Core 8.1.
  if (document.sector_identifier_uri === undefined) {
    const hosts = new Set(document.redirect_uris.map((uri) => URL.parse(uri)?.host));
    if (hosts.size > 1) yield ['redirect_uris', 'all must have one host, or stand in a sector_identifier_uri'];
  } else if (!hostNames([document.sector_identifier_uri]).has(document.sector)) {
    yield ['sector', 'it must be the host name of sector_identifier_uri'];
  }
}

/** FAPI 2.0 Security Profile (Final), 5.3.2 and 5.4. */
function* fapiProblems(document: RegistrationDocument): Iterable<Problem> {
  const needed = 'the FAPI 2.0 Security Profile needs';
  if (
    !['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'].includes(document.token_endpoint_auth_method)
  )
    yield ['token_endpoint_auth_method', `${needed} private_key_jwt or mutual TLS`];
  if (document.dpop_bound_access_tokens !== true && document.tls_client_certificate_bound_access_tokens !== true) {
    yield ['dpop_bound_access_tokens', `${needed} access tokens bound to a DPoP key or to a certificate`];
  }
  if (document.require_pushed_authorization_requests === false) {
    yield ['require_pushed_authorization_requests', `${needed} pushed authorization requests`];
  }
  if (document.require_pkce === false) yield ['require_pkce', `${needed} PKCE`];
  for (const member of ['id_token_signed_response_alg', 'userinfo_signed_response_alg'] as const) {
    if (document[member] === 'RS256') yield [member, `${needed} ES256, PS256 or EdDSA`];
  }
  if (document.response_modes?.some((mode) => mode.startsWith('fragment'))) {
    yield ['response_modes', `${needed} the code not to stand in a fragment`];
  }
  if (!document.redirect_uris.every((uri) => uri.startsWith('https://'))) {
    yield ['redirect_uris', `${needed} https`];
  }
}
