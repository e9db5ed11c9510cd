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
    `SELECT sealed, expires_at FROM citizen
     WHERE account_id = :accountId AND signed_in_at = :signedInAt AND expires_at > :at`,
  );
  const put = database.prepare(
    `INSERT INTO citizen (account_id, signed_in_at, sealed, expires_at)
     VALUES (:accountId, :signedInAt, :sealed, :expiresAt)
     ON CONFLICT (account_id, signed_in_at) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`,
  );

  return {
    async find({ accountId, signedInAt }, at) {
      const row = find.first({ accountId, signedInAt, at: toMilliseconds(at) });
      return row && { accountId, signedInAt, sealed: row.sealed, expiresAt: new Date(row.expires_at) };
    },
    async put({ accountId, signedInAt, sealed, expiresAt }) {
      const values = { accountId, signedInAt, sealed, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
  };
}
