/**
 * Portals that authenticate by a secret (RFC 6749 2.3.1). It is stored as SHA-256 of 256 random bits: nothing to guess, so
 * no slow hash is needed. A portal whose secret is right is counted, as one whose signature verifies.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Provider } from 'oidc-provider';
import type { CountPortal } from './client-count.ts';

export function authenticateBySecretHash(provider: Provider, countPortal: CountPortal): void {
  // oidc-provider makes this class for each provider.
  provider.Client.prototype.compareClientSecret = async function compareClientSecret(actual: string): Promise<boolean> {
    const expected: unknown = this.thiqa_secret_hash;
    // oidc-provider takes either way; a portal keeps to the one that it registered.
    const isInBody = Provider.ctx?.oidc.params?.client_secret !== undefined;
    if (typeof expected !== 'string' || isInBody !== (this.clientAuthMethod === 'client_secret_post')) return false;
    const hash = createHash('sha256').update(actual, 'utf8').digest();
    const stored = Buffer.from(expected, 'base64url');
    if (stored.length !== hash.length || !timingSafeEqual(stored, hash)) return false;
    await countPortal(this.clientId, Provider.ctx);
    return true;
  };
}
