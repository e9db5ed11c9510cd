/**
 * OpenID Connect for Identity Assurance 1.0, 5.6: `verified_claims` may be asked for as a list. oidc-provider takes what is
 * neither null nor an object for no request, and would leave the claim out; its value is still ours to give (account.ts).
 */
import type { Provider } from 'oidc-provider';
import { isJsonObject } from './claims-request.ts';

/** Called once for each provider, before it is used. */
export function admitVerifiedClaimsList(provider: Provider): void {
  // oidc-provider makes this class for each provider; its types do not show it.
  const { prototype } = (provider as unknown as { Claims: { prototype: { mask(requests: unknown): void } } }).Claims;
  const { mask } = prototype;
  prototype.mask = function maskWithList(requests) {
    const isList = isJsonObject(requests) && Array.isArray(requests.verified_claims);
    mask.call(this, isList ? { ...requests, verified_claims: null } : requests);
  };
}
