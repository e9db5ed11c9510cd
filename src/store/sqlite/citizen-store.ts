/**
 * CitizenStore on SQLite.
 */
import type { CitizenStore } from '../../citizen/citizen-record.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  sealed: Uint8Array;
  expires_at: number;
  is_suspended: number | null;
  not_before: number | null;
}

export function sqliteCitizenStore(database: Database): CitizenStore {
  const find = database.prepare<Row>(
    `SELECT sealed, expires_at, is_suspended, not_before FROM citizen LEFT JOIN standing USING (account_id)
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
      if (row === undefined) return undefined;
      const { sealed, expires_at, is_suspended, not_before } = row;
      return {
        accountId,
        signedInAt,
        sealed,
        expiresAt: new Date(expires_at),
        ...(not_before !== null && { standing: { isSuspended: is_suspended === 1, notBefore: not_before } }),
      };
    },
    async put({ accountId, signedInAt, sealed, expiresAt }) {
      const values = { accountId, signedInAt, sealed, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
  };
}
