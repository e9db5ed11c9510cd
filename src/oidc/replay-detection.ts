/**
 * Whether an assertion is used for the first time: of a client (RFC 7523 3, `jti`), and of a DPoP proof (RFC 9449 11.1).
 * One conditional insert decides, so that of any number of requests that bring it at once one goes on (S26);
 * oidc-provider's own way looks first and writes afterwards.
 *
 * Trusted here: oidc-provider has verified the assertion, its age included.
 */
import { createHash } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { ProtocolStore } from './protocol-store.ts';

export function detectReplays(provider: Provider, protocol: ProtocolStore): void {
  // oidc-provider makes this class for each provider, and each of its callers has an error of its own for `false`.
  provider.ReplayDetection.unique = (issuer, jti, expiresAtSeconds) =>
    isFirstUse(protocol, { issuer, jti, expiresAtSeconds });
}

export interface UsedAssertion {
  /** Whose `jti` it is; two issuers may choose the same. */
  readonly issuer: string;
  readonly jti: string;
  /** Epoch seconds; after them the assertion is refused for its age, and need not be remembered. */
  readonly expiresAtSeconds: number;
}

export function isFirstUse(
  protocol: ProtocolStore,
  { issuer, jti, expiresAtSeconds }: UsedAssertion,
): Promise<boolean> {
  // A length in front, so that no other issuer and `jti` make the same text.
  const id = createHash('sha256').update(`${issuer.length} ${issuer}${jti}`, 'utf8').digest('base64url');
  return protocol.add({ model: 'ReplayDetection', id, payload: {}, expiresAt: new Date(expiresAtSeconds * 1000) });
}
