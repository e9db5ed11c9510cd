/**
 * Every portal that takes part in a session is written down before its code leaves, and every end of a session passes
 * here before the session is gone: a crash in between tells portals too early, and never not at all.
 */
import { randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';
import type { Clock } from '../../clock.ts';
import { providerContext } from '../provider-context.ts';
import type { EndedSessions, LogoutNoticeStore } from './logout-notice.ts';

type Middleware = Parameters<Provider['use']>[0];

/** Makes notices for the portals of the sessions, and has them sent. @throws ServiceError STORE_UNAVAILABLE */
export type NotifyPortals = (sessions: EndedSessions) => Promise<void>;

/** @param wake hears that something is due */
export function createNotifyPortals(notices: LogoutNoticeStore, clock: Clock, wake: () => void): NotifyPortals {
  return async (sessions) => {
    if ((await notices.end(sessions, clock())) > 0) wake();
  };
}

/** Called once for each provider, before it is used. */
export function notifyOfSessionEnds(provider: Provider, notify: NotifyPortals): void {
  // oidc-provider makes both classes for each provider. It would send inline, once, and by a fetch of its own.
  const { Client, Session } = provider;
  const { destroy, loginAccount } = Session.prototype;
  // A card begins anew: what was ended before is never said of what comes after, and each sid is told of once.
  Session.prototype.loginAccount = function loginWithNewSids(details) {
    if (this.authorizations !== undefined) {
      for (const clientId of Object.keys(this.authorizations)) this.sidFor(clientId, randomUUID());
      if (Provider.ctx) Provider.ctx.state.isSessionProlonged = true;
    }
    loginAccount.call(this, details);
  };
  Session.prototype.destroy = async function destroyAndNotify() {
    await notify({ sessionUid: this.uid });
    await destroy.call(this);
  };
  // Asked for the portal that a citizen leaves alone; and for each one before a whole session goes.
  Object.assign(Client.prototype, {
    async backchannelLogout(this: InstanceType<typeof Client>) {
      const sessionUid = Provider.ctx?.oidc.session?.uid;
      if (sessionUid === undefined) throw new TypeError('the end of a session is asked for in a session');
      await notify({ sessionUid, clientId: this.clientId });
    },
  });
  provider.on('backchannel.error', (_ctx, error) => {
    // oidc-provider would go on. Thrown here, it keeps the session.
    throw error;
  });
}

/**
 * The answer with a code is withheld when its portal cannot be written down.
 * @param sessionSeconds from the card to the end of the session
 */
export function rememberParticipants(notices: LogoutNoticeStore, sessionSeconds: number): Middleware {
  return async (ctx, next) => {
    await next();
    const oidc = providerContext(ctx);
    const { client, session, entities } = oidc ?? {};
    // The token endpoint has a code too, and no session.
    const signedInAt = session?.authTime();
    if (session === undefined || signedInAt === undefined) return;
    const expiresAt = new Date((signedInAt + sessionSeconds) * 1000);
    if (ctx.state.isSessionProlonged === true) await notices.prolong(session.uid, expiresAt);
    if (entities?.AuthorizationCode === undefined || client?.backchannelLogoutUri === undefined) return;
    const { clientId } = client;
    const sid = session.sidFor(clientId);
    if (sid === undefined || session.accountId === undefined) throw new TypeError('a code is of a signed-in citizen');
    await notices.put({
      sid,
      sessionUid: session.uid,
      clientId,
      accountId: session.accountId,
      expiresAt,
    });
  };
}
