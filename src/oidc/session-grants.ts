/**
 * The grants of a session at one portal. Each request that asks for something else has a grant of its own; oidc-provider
 * lets the codes and tokens of a session count for its latest grant alone, so a request in one tab would end the code that
 * another tab is about to redeem, and its tokens. Here they count for every grant that the portal got in the session.
 *
 * They end as before: with the session, with the portal's part in it, and each grant by itself (revocation, reuse).
 */
import type { Provider } from 'oidc-provider';

type Session = InstanceType<Provider['Session']>;

interface SessionToken {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly expiresWithSession?: boolean | undefined;
  readonly grantId?: string | undefined;
  readonly sessionUid?: string | undefined;
}

type Find = (id: string, options?: object) => Promise<SessionToken | undefined>;

/** More than the tabs of a browser have; what is older ends. */
const MOST_EARLIER = 20;

/** What is kept with a portal's part in a session, and goes with it. */
interface Authorization {
  grantId?: string | undefined;
  earlierGrantIds?: readonly string[];
}

/** Called once for each provider, before it is used. */
export function keepEarlierGrants(provider: Provider): void {
  // oidc-provider makes these classes for each provider.
  const { Session, AccessToken, AuthorizationCode, RefreshToken } = provider;
  const { grantIdFor } = Session.prototype as unknown as { grantIdFor(clientId: string, value?: string): string };
  Object.assign(Session.prototype, {
    grantIdFor(this: Session, clientId: string, value?: string) {
      const authorization = authorizationOf(this, clientId);
      const { grantId, earlierGrantIds = [] } = authorization ?? {};
      if (authorization !== undefined && value !== undefined && grantId !== undefined && grantId !== value) {
        authorization.earlierGrantIds = [...earlierGrantIds, grantId].slice(-MOST_EARLIER);
      }
      return grantIdFor.call(this, clientId, value);
    },
  });
  for (const model of [AccessToken, AuthorizationCode, RefreshToken] as unknown as { find: Find }[]) {
    const find = model.find.bind(model);
    model.find = async (id, options) => {
      const token = await find(id, { ...options, ignoreSessionBinding: true });
      if (!token?.expiresWithSession) return token;
      const session = await Session.findByUid(token.sessionUid ?? '');
      return session !== undefined && isOfSession(token, session) ? token : undefined;
    };
  }
}

function isOfSession({ accountId, clientId, grantId }: SessionToken, session: Session): boolean {
  if (grantId === undefined || clientId === undefined || accountId !== session.accountId) return false;
  const authorization = authorizationOf(session, clientId);
  return authorization?.grantId === grantId || authorization?.earlierGrantIds?.includes(grantId) === true;
}

function authorizationOf({ authorizations }: Session, clientId: string): Authorization | undefined {
  return authorizations !== undefined && Object.hasOwn(authorizations, clientId) ? authorizations[clientId] : undefined;
}
