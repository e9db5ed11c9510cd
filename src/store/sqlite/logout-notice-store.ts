/**
 * LogoutNoticeStore on SQLite. A row with `due_at` is a notice; taking one is a single conditional UPDATE.
 */
import type { EndedSessions, LogoutNotice, LogoutNoticeStore } from '../../oidc/back-channel-logout/logout-notice.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  sid: string;
  session_uid: string;
  client_id: string;
  account_id: string;
  ended_at: number;
  attempts: number;
}

export function sqliteLogoutNoticeStore(database: Database): LogoutNoticeStore {
  const put = database.prepare(
    `INSERT INTO logout_notice (sid, session_uid, client_id, account_id, expires_at, attempts)
     VALUES (:sid, :sessionUid, :clientId, :accountId, :expiresAt, 0)
     ON CONFLICT (sid) DO UPDATE SET expires_at = excluded.expires_at WHERE due_at IS NULL`,
  );
  const prolong = database.prepare(
    'UPDATE logout_notice SET expires_at = :expiresAt WHERE session_uid = :sessionUid AND due_at IS NULL',
  );
  // Without an expiry: a notice is removed by whoever delivers it or gives it up.
  const end = `UPDATE logout_notice SET due_at = :at, ended_at = :at, expires_at = NULL
    WHERE due_at IS NULL AND expires_at > :at`;
  const endAll = database.prepare(end);
  const endBy = (column: 'session_uid' | 'account_id' | 'client_id') =>
    database.prepare(`${end} AND ${column} = :value`);
  const [endBySession, endByAccount, endByClient] = [endBy('session_uid'), endBy('account_id'), endBy('client_id')];
  const endAtPortal = database.prepare(`${end} AND session_uid = :value AND client_id = :clientId`);
  const due = `SELECT sid FROM logout_notice
    WHERE due_at <= :at AND client_id NOT IN (SELECT value FROM json_each(:busy)) ORDER BY due_at LIMIT 1`;
  const findDue = database.prepare<Pick<Row, 'sid'>>(due);
  const take = database.prepare<Row>(
    `UPDATE logout_notice SET due_at = :until, attempts = attempts + 1 WHERE sid = (${due}) RETURNING *`,
  );
  const remove = database.prepare('DELETE FROM logout_notice WHERE sid = :sid AND attempts = :attempts');
  const retry = database.prepare(
    'UPDATE logout_notice SET due_at = :retryAt WHERE sid = :sid AND attempts = :attempts AND due_at IS NOT NULL',
  );
  const postpone = database.prepare(
    'UPDATE logout_notice SET due_at = :until WHERE client_id = :clientId AND due_at < :until',
  );
  const backlog = database.prepare<{ client_id: string; waiting: number; since: number }>(
    `SELECT client_id, count(*) AS waiting, min(ended_at) AS since FROM logout_notice
     WHERE due_at IS NOT NULL GROUP BY client_id ORDER BY since`,
  );

  function endThose(sessions: EndedSessions, at: number): number {
    if ('sessionUid' in sessions) {
      const { sessionUid: value, clientId } = sessions;
      return clientId === undefined ? endBySession.run({ value, at }) : endAtPortal.run({ value, clientId, at });
    }
    if ('accountId' in sessions) return endByAccount.run({ value: sessions.accountId, at });
    if ('clientId' in sessions) return endByClient.run({ value: sessions.clientId, at });
    return endAll.run({ at });
  }

  return {
    async put({ sid, sessionUid, clientId, accountId, expiresAt }) {
      const values = { sid, sessionUid, clientId, accountId, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
    async prolong(sessionUid, expiresAt) {
      const values = { sessionUid, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => prolong.run(values));
    },
    async end(sessions, at) {
      const time = toMilliseconds(at);
      return database.write(() => endThose(sessions, time));
    },
    async take(at, until, busy) {
      const question = { at: toMilliseconds(at), busy: JSON.stringify(busy) };
      const values = { ...question, until: toMilliseconds(until) };
      // Looked at often and there seldom: without a need, nobody waits for the write lock.
      if (findDue.first(question) === undefined) return undefined;
      const row = await database.write(() => take.first(values));
      return row && toNotice(row);
    },
    async settle({ sid, attempts }, retryAt) {
      const holder = { sid, attempts };
      const values = retryAt && { ...holder, retryAt: toMilliseconds(retryAt) };
      await database.write(() => (values ? retry.run(values) : remove.run(holder)));
    },
    async postpone(clientId, until) {
      const values = { clientId, until: toMilliseconds(until) };
      await database.write(() => postpone.run(values));
    },
    async backlog() {
      return backlog
        .all({})
        .map(({ client_id, waiting, since }) => ({ clientId: client_id, waiting, since: new Date(since) }));
    },
  };
}

function toNotice({ sid, session_uid, client_id, account_id, ended_at, attempts }: Row): LogoutNotice {
  return {
    sid,
    sessionUid: session_uid,
    clientId: client_id,
    accountId: account_id,
    endedAt: new Date(ended_at),
    attempts,
  };
}
