/**
 * A portal as OpenID Connect client metadata (Dynamic Client Registration 1.0, section 2): everything that the portal
 * did not register stands on the strictest choice.
 */
import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import type { Portal } from '../relying-party/portal.ts';
import { DEFAULT_ALGORITHM } from './keys/key-ring.ts';
import { pkceExemption } from './proof-of-code.ts';

/** What the provider needs of a portal beside the standard's metadata. */
export const EXTRA_CLIENT_METADATA = [
  'thiqa_sector',
  'thiqa_claims',
  'thiqa_secret_hash',
  'thiqa_profile',
  'thiqa_pkce_exemption',
  'thiqa_refresh_tokens',
  'thiqa_minimum_level',
] as const;

/**
 * oidc-provider demands a secret of a client that authenticates by one. The real one is held as a hash and compared by
 * provider.ts; in its place stands a value of this process that nobody knows. One value, because oidc-provider keeps
 * parsed clients by a hash of their metadata.
 */
const UNKNOWN_SECRET = randomBytes(32).toString('base64url');

/** FAPI 2.0 Security Profile: a code never stands in a fragment. */
const FAPI_RESPONSE_MODES = ['query', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt'];

export function clientMetadata(portal: Portal): ClientMetadata {
  const { tokenEndpointAuthMethod: method, securityProfile } = portal;
  const exemption = pkceExemption(portal);
  return {
    client_name: portal.name.fr ?? portal.name.en ?? portal.name.ar ?? portal.name.zgh ?? portal.clientId,
    grant_types: ['authorization_code'],
    ...(securityProfile === 'fapi2' && { response_modes: [...FAPI_RESPONSE_MODES] }),
    id_token_signed_response_alg: DEFAULT_ALGORITHM,
    authorization_signed_response_alg: DEFAULT_ALGORITHM,
    introspection_signed_response_alg: DEFAULT_ALGORITHM,
    ...structuredClone(portal.protocol),
    ...(securityProfile === 'fapi2' && { require_pushed_authorization_requests: true }),
    // Whatever was registered under these names, it is this.
    client_id: portal.clientId,
    application_type: 'web',
    response_types: ['code'],
    redirect_uris: [...portal.redirectUris],
    subject_type: 'pairwise',
    token_endpoint_auth_method: method,
    ...((method === 'client_secret_basic' || method === 'client_secret_post') && { client_secret: UNKNOWN_SECRET }),
    ...(portal.jwks && { jwks: { keys: portal.jwks.keys.map((key) => ({ ...key })) } }),
    thiqa_sector: portal.sector,
    thiqa_claims: [...portal.claims],
    ...(portal.clientSecretHash !== undefined && { thiqa_secret_hash: portal.clientSecretHash }),
    ...(securityProfile !== undefined && { thiqa_profile: securityProfile }),
    ...(exemption !== undefined && { thiqa_pkce_exemption: exemption }),
    ...(portal.refreshTokens && { thiqa_refresh_tokens: true }),
    ...(portal.minimumLevel && { thiqa_minimum_level: portal.minimumLevel }),
  };
}
