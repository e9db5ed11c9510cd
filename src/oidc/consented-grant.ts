/**
 * The grant of an authorization: exactly what the citizen consented that this portal may see, built anew from the
 * recorded consent each time, so that there is one source of truth. Without a consent that covers the request there
 * is no grant, and oidc-provider asks for one (prompt `consent`).
 */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { ConsentStore } from '../citizen/consent.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { type ApprovableClaim, PROTOCOL_CLAIMS, requestedClaims, SCOPE_CLAIMS, untaggedClaim } from './claims.ts';

/** What a request asks for, and the portal was approved for: the rows of the consent page. */
export function claimsToConsent(
  scope: string,
  claimsParameter: string | undefined,
  approved: readonly string[],
): ApprovableClaim[] {
  return requestedClaims(scope, namesInClaimsParameter(claimsParameter)).filter((claim) => approved.includes(claim));
}

/** OpenID Connect Core 5.5. oidc-provider has parsed and checked the text before; anything else asks for nothing. */
function namesInClaimsParameter(text: string | undefined): string[] {
  if (text === undefined) return [];
  const parameter: unknown = JSON.parse(text);
  if (typeof parameter !== 'object' || parameter === null) return [];
  return Object.entries(parameter).flatMap(([place, names]) =>
    (place === 'userinfo' || place === 'id_token') && typeof names === 'object' && names !== null
      ? Object.keys(names)
      : [],
  );
}

export function createLoadGrant(parts: {
  readonly consents: ConsentStore;
  readonly portals: PortalStore;
}): NonNullable<Configuration['loadExistingGrant']> {
  return async (ctx: KoaContextWithOIDC) => {
    const { client, session, params } = ctx.oidc;
    const accountId = session?.accountId;
    if (client === undefined || accountId === undefined || params === undefined) return undefined;
    const portal = await parts.portals.find(client.clientId);
    if (portal === undefined) return undefined;
    const scope = String(params.scope ?? '');
    const claimsParameter = typeof params.claims === 'string' ? params.claims : undefined;
    const wanted = claimsToConsent(scope, claimsParameter, portal.claims);

    const consent = await parts.consents.find(accountId, client.clientId);
    if (consent === undefined || !wanted.every((claim) => consent.claims.includes(claim))) return undefined;

    const grant = new ctx.oidc.provider.Grant({ accountId, clientId: client.clientId });
    const allowed = (claim: string): boolean => (wanted as readonly string[]).includes(untaggedClaim(claim));
    grant.addOIDCScope(scope);
    // A scope stands for many claims and the claims parameter names single ones: whatever was not consented is rejected.
    // What says how somebody signed in, and nothing of whom, is no matter of consent.
    const everyClaim = [...SCOPE_CLAIMS.profile, ...ctx.oidc.requestParamClaims].filter(
      (claim) => !PROTOCOL_CLAIMS.includes(claim),
    );
    grant.addOIDCClaims(PROTOCOL_CLAIMS);
    grant.addOIDCClaims(everyClaim.filter(allowed));
    grant.rejectOIDCClaims(everyClaim.filter((claim) => !allowed(claim)));
    await grant.save();
    return grant;
  };
}
