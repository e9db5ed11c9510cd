/**
 * A portal as the officer who registered it wrote it: for listing. Of a secret nothing is shown, not even its hash.
 */
import type { Portal } from './portal.ts';

export function describePortal(portal: Portal): Readonly<Record<string, unknown>> {
  return {
    client_id: portal.clientId,
    name: portal.name,
    sector: portal.sector,
    ...(portal.sharedSector && { shared_sector: true }),
    redirect_uris: portal.redirectUris,
    token_endpoint_auth_method: portal.tokenEndpointAuthMethod,
    ...(portal.jwks && { jwks: portal.jwks }),
    security_profile: portal.securityProfile ?? 'basic',
    require_pkce: portal.requirePkce ?? true,
    ...(portal.requireNonce === false && { require_nonce: false }),
    refresh_tokens: portal.refreshTokens ?? false,
    ...(portal.minimumLevel && { minimum_acr: portal.minimumLevel }),
    ...portal.protocol,
    claims: portal.claims,
    purpose: portal.purpose,
    status: portal.status,
    ...(portal.notBefore !== undefined && { not_before: new Date(portal.notBefore * 1000) }),
    registered_at: portal.registeredAt,
  };
}
