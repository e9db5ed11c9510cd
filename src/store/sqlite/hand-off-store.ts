/**
 * HandOffStore on SQLite. Taking is one DELETE that returns the row to the one caller who removed it.
 */
import type { HandOffStore } from '../../authentication/hand-off.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  id: string;
  interaction: string;
  browser_hash: string;
  sealed: Uint8Array;
  expires_at: number;
}

export function sqliteHandOffStore(database: Database): HandOffStore {
  // A plain INSERT: a token that stands already is refused, because none is ever used twice.
  const put = database.prepare(
    `INSERT INTO hand_off (id, interaction, browser_hash, sealed, expires_at)
     VALUES (:id, :interaction, :browserHash, :sealed, :expiresAt)`,
  );
  const take = database.prepare<Row>('DELETE FROM hand_off WHERE id = :id RETURNING *');

  return {
    async put({ id, interaction, browserHash, sealed, expiresAt }) {
      const values = { id, interaction, browserHash, sealed, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
    async take(id) {
      const row = await database.write(() => take.first({ id }));
      return (
        row && {
          id: row.id,
          interaction: row.interaction,
          browserHash: row.browser_hash,
          sealed: row.sealed,
          expiresAt: new Date(row.expires_at),
        }
      );
    },
  };
}
