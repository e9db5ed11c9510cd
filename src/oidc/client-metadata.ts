/**
 * A portal as OpenID Connect client metadata (Dynamic Client Registration 1.0, section 2): everything that the portal
 * did not register stands on the strictest choice.
 */
import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import type { Portal } from '../relying-party/portal.ts';

/** What the provider needs of a portal beside the standard's metadata. */
export const EXTRA_CLIENT_METADATA = ['thiqa_sector', 'thiqa_claims', 'thiqa_secret_hash'] as const;

/**
 * oidc-provider demands a secret of a client_secret_basic client. The real one is held as a hash and compared by
 * provider.ts; in its place stands a value of this process that nobody knows. One value, because oidc-provider keeps
 * parsed clients by a hash of their metadata.
 */
const UNKNOWN_SECRET = randomBytes(32).toString('base64url');

export function clientMetadata(portal: Portal): ClientMetadata {
  return {
    client_id: portal.clientId,
    client_name: portal.name.fr ?? portal.name.en ?? portal.name.ar ?? portal.clientId,
    application_type: 'web',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [...portal.redirectUris],
    subject_type: 'pairwise',
    id_token_signed_response_alg: 'ES256',
    token_endpoint_auth_method: portal.tokenEndpointAuthMethod,
    ...(portal.tokenEndpointAuthMethod === 'client_secret_basic' && {
      client_secret: UNKNOWN_SECRET,
    }),
    ...(portal.jwks && { jwks: { keys: portal.jwks.keys.map((key) => ({ ...key })) } }),
    thiqa_sector: portal.sector,
    thiqa_claims: [...portal.claims],
    ...(portal.clientSecretHash !== undefined && { thiqa_secret_hash: portal.clientSecretHash }),
  };
}
