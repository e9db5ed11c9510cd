/**
 * AuthenticatedCitizen -> oidc-provider's Account. The claims are those that the portal was approved for; scope,
 * grant and consent narrow them further inside oidc-provider.
 */
import type { FindAccount } from 'oidc-provider';
import type { CitizenRecords } from '../citizen/citizen-record.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { claimsOf } from './claims.ts';

/** An account whose record has ended is no account: the session or token that names it ends with it. */
export function createFindAccount(citizens: CitizenRecords, portals: PortalStore): FindAccount {
  return async (ctx, accountId) => {
    const signedIn = await citizens.recall(accountId);
    if (signedIn === undefined) return undefined;
    return {
      accountId,
      async claims() {
        const clientId = ctx.oidc.client?.clientId;
        const portal = clientId === undefined ? undefined : await portals.find(clientId);
        return { sub: accountId, ...(portal && claimsOf(signedIn.person, portal.claims)) };
      },
    };
  };
}
