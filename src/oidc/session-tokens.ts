/**
 * Which codes and tokens end with a session (OpenID Connect RP-Initiated Logout 1.0): those that were given in it, once it is
 * gone or of another citizen, and those of one portal, once the citizen has left that portal alone.
 *
 * oidc-provider lets them count for the latest grant alone that the session names for the portal. A request for other
 * claims in one tab would then end the code that another tab is about to redeem. And of two requests of one session at
 * the same moment, each writes the session as it had read it: the code of the first would end before it is redeemed.
 */
import { Provider } from 'oidc-provider';
import type { Clock } from '../clock.ts';

type Session = InstanceType<Provider['Session']>;

interface SessionToken {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly expiresWithSession?: boolean | undefined;
  readonly grantId?: string | undefined;
  readonly iat?: number | undefined;
  readonly sessionUid?: string | undefined;
}

type Find = (id: string, options?: object) => Promise<SessionToken | undefined>;

/** Kept with a session: when its citizen left a portal alone, epoch seconds by client_id. */
const MEMBER = 'leftAt';

/** Called once for each provider, before it is used. */
export function bindTokensToSessions(provider: Provider, clock: Clock): void {
  // oidc-provider makes these classes for each provider; its types do not show what a session keeps.
  const { Session, AccessToken, AuthorizationCode, RefreshToken } = provider;
  const members = [...(Session as unknown as { IN_PAYLOAD: readonly string[] }).IN_PAYLOAD, MEMBER];
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => members });
  const { resetIdentifier } = Session.prototype;
  Session.prototype.resetIdentifier = function resetAndNoteLeaving() {
    // A session that goes on after a question of this endpoint goes on without the portal that asked.
    const { route, client } = Provider.ctx?.oidc ?? {};
    if (route === 'end_session_confirm' && client !== undefined) {
      const now = Math.floor(clock().getTime() / 1000);
      Object.assign(this, { [MEMBER]: { ...leavings(this), [client.clientId]: now } });
    }
    resetIdentifier.call(this);
  };
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

function isOfSession({ accountId, clientId, grantId, iat }: SessionToken, session: Session): boolean {
  if (grantId === undefined || clientId === undefined || accountId !== session.accountId) return false;
  const left = Object.entries(leavings(session)).find(([portal]) => portal === clientId)?.[1];
  // Within the second in which the citizen left, the grant tells whether the portal was asked for anew.
  return left === undefined || (iat ?? 0) > left || grantId === session.grantIdFor(clientId);
}

function leavings(session: Session): Readonly<Record<string, number>> {
  return (session as { readonly [MEMBER]?: Readonly<Record<string, number>> })[MEMBER] ?? {}; // written here alone
}
