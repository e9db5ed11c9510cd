/**
 * StandingStore on SQLite.
 */
import type { StandingStore } from '../../citizen/standing.ts';
import type { Database } from './open-database.ts';

interface Row {
  is_suspended: number;
  not_before: number;
}

export function sqliteStandingStore(database: Database): StandingStore {
  const find = database.prepare<Row>('SELECT is_suspended, not_before FROM standing WHERE account_id = :accountId');
  const change = database.prepare(
    `INSERT INTO standing (account_id, is_suspended, not_before)
     VALUES (:accountId, coalesce(:isSuspended, 0), :notBefore)
     ON CONFLICT (account_id) DO UPDATE SET
       is_suspended = coalesce(:isSuspended, is_suspended), not_before = max(not_before, excluded.not_before)`,
  );

  return {
    async find(accountId) {
      const row = find.first({ accountId });
      return row && { isSuspended: row.is_suspended === 1, notBefore: row.not_before };
    },
    async change(accountId, { notBefore, isSuspended }) {
      const values = { accountId, notBefore, isSuspended: isSuspended === undefined ? null : Number(isSuspended) };
      database.durably(() => change.run(values));
    },
  };
}
