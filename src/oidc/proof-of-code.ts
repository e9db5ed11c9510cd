/**
 * What ties an authorization code to the request that it answers (RFC 9700 2.1.1): PKCE, always. A confidential portal whose
 * client is too old for it may be registered without; each of its requests then carries a nonce.
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Portal } from '../relying-party/portal.ts';

/** What else may stand in place of a code_challenge. */
export type PkceExemption = 'with-nonce' | 'without-nonce';

export function pkceExemption(portal: Portal): PkceExemption | undefined {
  if (portal.requirePkce !== false || portal.tokenEndpointAuthMethod === 'none') return undefined;
  return portal.requireNonce === false ? 'without-nonce' : 'with-nonce';
}

/** oidc-provider asks when a request has no code_challenge. */
export function isPkceRequired(ctx: KoaContextWithOIDC, exemption: unknown): boolean {
  if (exemption === 'without-nonce') return false;
  return !(exemption === 'with-nonce' && Boolean(ctx.oidc.params?.nonce));
}
