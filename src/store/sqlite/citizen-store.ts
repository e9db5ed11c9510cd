/**
 * CitizenStore on SQLite.
 */
import type { CitizenStore } from '../../citizen/citizen-record.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  sealed: Uint8Array;
  expires_at: number;
}

export function sqliteCitizenStore(database: Database): CitizenStore {
  const find = database.prepare<Row>(
    'SELECT sealed, expires_at FROM citizen WHERE account_id = :accountId AND expires_at > :at',
  );
  const put = database.prepare(
    `INSERT INTO citizen (account_id, sealed, expires_at) VALUES (:accountId, :sealed, :expiresAt)
     ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`,
  );

  return {
    async find(accountId, at) {
      const row = find.first({ accountId, at: toMilliseconds(at) });
      return row && { accountId, sealed: row.sealed, expiresAt: new Date(row.expires_at) };
    },
    async put({ accountId, sealed, expiresAt }) {
      const values = { accountId, sealed, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
  };
}
