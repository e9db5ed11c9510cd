/**
 * The time at which a portal says that it signed (RFC 7519 4.1.6): clocks differ by seconds; what says that it was signed
 * more than a minute from now was made to be kept (FAPI 2.0 Security Profile 5.3.2.1). oidc-provider looks at `iat` only
 * where there is no `exp`, and at `nbf` always.
 */
const MOST_SECONDS_AHEAD = 60;

/** @param issuedAt the claim `iat`, as it came; its type is oidc-provider's to check */
export function isFromFuture(issuedAt: unknown): boolean {
  return Number(issuedAt) > Date.now() / 1000 + MOST_SECONDS_AHEAD;
}
