/**
 * The grant of an authorization: exactly what the citizen consented that this portal may see, built anew from the
 * recorded consent each time, so that there is one source of truth. Without a consent that covers the request there
 * is no grant, and oidc-provider asks for one (prompt `consent`).
 *
 * Where the session has the very same grant already, that one stays. Another one ends nothing of it (session-tokens.ts).
 */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { ConsentStore } from '../citizen/consent.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { APPROVABLE_CLAIMS, type ApprovableClaim, claimsOfScope, PROTOCOL_CLAIMS, untaggedClaim } from './claims.ts';
import { askedInClaimsParameter } from './claims-parameter.ts';
import { bindGrant, isSameGrant } from './grant.ts';

/**
 * What a request asks for, and the portal was approved for: the rows of the consent page, in the order of
 * APPROVABLE_CLAIMS.
 */
export function claimsToConsent(
  scope: string,
  claimsParameter: string | undefined,
  approved: readonly string[],
): ApprovableClaim[] {
  const asked = new Set<string>([...claimsOfScope(scope), ...askedInClaimsParameter(claimsParameter)]);
  return APPROVABLE_CLAIMS.filter((claim) => asked.has(claim) && approved.includes(claim));
}

export function createLoadGrant(parts: {
  readonly consents: ConsentStore;
  readonly portals: PortalStore;
  /** Every name of the scope `profile`, with its language tags. */
  readonly profileClaims: readonly string[];
}): NonNullable<Configuration['loadExistingGrant']> {
  return async (ctx: KoaContextWithOIDC) => {
    const { client, session, params } = ctx.oidc;
    const accountId = session?.accountId;
    const signedInAt = session?.authTime();
    if (client === undefined || accountId === undefined || signedInAt === undefined || params === undefined) {
      return undefined;
    }
    const portal = await parts.portals.find(client.clientId);
    if (portal === undefined) return undefined;
    const scope = String(params.scope ?? '');
    const claimsParameter = typeof params.claims === 'string' ? params.claims : undefined;
    const wanted = claimsToConsent(scope, claimsParameter, portal.claims);

    const consent = await parts.consents.find(accountId, client.clientId);
    if (consent === undefined || !wanted.every((claim) => consent.claims.includes(claim))) return undefined;

    const grant = new ctx.oidc.provider.Grant({ accountId, clientId: client.clientId });
    bindGrant(grant, signedInAt);
    const allowed = (claim: string): boolean => (wanted as readonly string[]).includes(untaggedClaim(claim));
    grant.addOIDCScope(scope);
    // A scope stands for many claims and the claims parameter names single ones: whatever was not consented is rejected.
    // What says how somebody signed in, and nothing of whom, is no matter of consent.
    // oidc-provider counts no list as a request, and verified_claims may be one.
    const everyClaim = [...new Set([...parts.profileClaims, ...ctx.oidc.requestParamClaims, 'verified_claims'])].filter(
      (claim) => !PROTOCOL_CLAIMS.includes(claim),
    );
    grant.addOIDCClaims(PROTOCOL_CLAIMS);
    // Also those that stand inside verified_claims, and its parts: account.ts gives what the grant holds.
    grant.addOIDCClaims([...new Set([...everyClaim.filter(allowed), ...wanted])]);
    grant.rejectOIDCClaims(everyClaim.filter((claim) => !allowed(claim)));
    const known = session?.grantIdFor(client.clientId);
    const standing = known === undefined ? undefined : await ctx.oidc.provider.Grant.find(known);
    if (standing && isSameGrant(standing, grant)) return standing;
    await grant.save();
    return grant;
  };
}
