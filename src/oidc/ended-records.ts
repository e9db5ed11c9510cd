/**
 * Which records of oidc-provider count no longer, because they are of a time that was ended for everybody or for their
 * portal (S28). Whoever presents one gets the answer for one that is unknown. A citizen's own end is seen where the
 * citizen is looked up (account.ts).
 *
 * A token ends with the grant behind it, and that with the sign-in that it was given in: what a request that was under way
 * still issued, after the mark, from a sign-in before it, counts no more than the sign-in.
 */
import type { AdapterPayload } from 'oidc-provider';
import { hasEnded, type NotBeforeStore } from '../not-before.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { signInOfGrant } from './grant.ts';

export type HasEnded = (model: string, payload: AdapterPayload) => Promise<boolean>;

/** Whose a record is, and of which time: epoch seconds, all of them must count. */
interface Origin {
  readonly times: readonly number[];
  readonly clientId?: string | undefined;
}

export function createHasEnded(everybody: NotBeforeStore['find'], portals: Pick<PortalStore, 'find'>): HasEnded {
  return async (model, payload) => {
    const origin = originOf(model, payload);
    if (origin === undefined) return false;
    const { times, clientId } = origin;
    const [mark, portal] = await Promise.all([
      everybody(),
      clientId === undefined ? undefined : portals.find(clientId),
    ]);
    return times.some((time) => hasEnded(time, mark, portal?.notBefore));
  };
}

/** Undefined of what gives nothing to anybody, such as what has been used once. */
function originOf(model: string, payload: AdapterPayload): Origin | undefined {
  // A record without its time is older than any mark.
  const issuedAt = payload.iat ?? 0;
  const { clientId } = payload;
  switch (model) {
    case 'Session':
      // Its portals differ: interaction-policy.ts asks for the card where one of them was ended.
      return payload.accountId === undefined ? undefined : { times: [payload.loginTs ?? 0] };
    case 'Interaction': {
      const asking = payload.params?.client_id;
      return { times: [issuedAt], clientId: typeof asking === 'string' ? asking : undefined };
    }
    case 'Grant':
      return { times: [issuedAt, signInOfGrant(payload) ?? issuedAt], clientId };
    case 'AccessToken':
    case 'AuthorizationCode':
    case 'RefreshToken':
    case 'PushedAuthorizationRequest':
      return { times: [issuedAt], clientId };
    default:
      return undefined;
  }
}
