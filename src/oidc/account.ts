/**
 * A sign-in -> oidc-provider's Account. The claims are those that the portal was approved for and the citizen consented
 * to, with the values that the request asks for; scope and grant narrow them further inside oidc-provider.
 */
import type { FindAccount, KoaContextWithOIDC } from 'oidc-provider';
import type { CitizenRecords } from '../citizen/citizen-record.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { claimsOf, untaggedClaim } from './claims.ts';
import { isAskedFor, isJsonObject } from './claims-request.ts';
import { signInOfGrant } from './grant.ts';
import { verifiedClaims } from './verified-claims.ts';

/** An account whose record has ended is no account: the session or token that names it ends with it. */
export function createFindAccount(citizens: CitizenRecords, portals: PortalStore): FindAccount {
  return async (ctx, accountId, token) => {
    const signedInAt = token === undefined ? ctx.oidc.session?.authTime() : await signInOfToken(ctx, token.grantId);
    if (signedInAt === undefined) return undefined;
    const signedIn = await citizens.recall({ accountId, signedInAt });
    if (signedIn === undefined) return undefined;
    return {
      accountId,
      async claims(_use, _scope, request) {
        const { grant, client } = ctx.oidc;
        const portal = client && (await portals.find(client.clientId));
        if (portal === undefined || grant?.iat === undefined) return { sub: accountId };
        const consented = new Set(grant.getOIDCClaims().map(untaggedClaim));
        const allowed = portal.claims.filter((claim) => consented.has(claim));
        const asked = isJsonObject(request) ? request : {};
        // The grant may be that of an earlier request of the session: what is given for this one tells its time.
        const requestedAt = token?.iat ?? grant.iat;
        const verified =
          asked.verified_claims !== undefined &&
          verifiedClaims(asked.verified_claims, { citizen: signedIn, signedInAt, allowed, requestedAt });
        const claims = Object.entries(claimsOf(signedIn, allowed)).filter(([name, value]) =>
          // OpenID Connect Core 5.5.1: a value that was not asked for is not given in its place.
          isAskedFor(value, Object.hasOwn(asked, name) ? asked[name] : null),
        );
        return { ...Object.fromEntries(claims), ...(verified && { verified_claims: verified }), sub: accountId };
      },
    };
  };
}

/** Whatever a grant yields tells of the sign-in that it was given in. */
async function signInOfToken(ctx: KoaContextWithOIDC, grantId: string | undefined): Promise<number | undefined> {
  if (grantId === undefined) return undefined;
  const { provider, entities } = ctx.oidc;
  const grant = entities.Grant ?? (await provider.Grant.find(grantId, { ignoreExpiration: true }));
  return grant?.jti === grantId ? signInOfGrant(grant) : undefined;
}
