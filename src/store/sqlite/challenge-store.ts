/**
 * ChallengeStore on SQLite. Taking is one DELETE that returns the row to the one caller who removed it.
 */
import type { ChallengeStore } from '../../authentication/challenge.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  id: string;
  interaction: string;
  browser_hash: string;
  client_id: string;
  expires_at: number;
}

export function sqliteChallengeStore(database: Database): ChallengeStore {
  // A plain INSERT: an identifier that stands already is refused, because no label is ever used twice.
  const put = database.prepare(
    `INSERT INTO challenge (id, interaction, browser_hash, client_id, expires_at)
     VALUES (:id, :interaction, :browserHash, :clientId, :expiresAt)`,
  );
  const take = database.prepare<Row>('DELETE FROM challenge WHERE id = :id RETURNING *');

  return {
    async put({ id, interaction, browserHash, clientId, expiresAt }) {
      const values = { id, interaction, browserHash, clientId, expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run(values));
    },
    async take(id) {
      const row = await database.write(() => take.first({ id }));
      return (
        row && {
          id: row.id,
          interaction: row.interaction,
          browserHash: row.browser_hash,
          clientId: row.client_id,
          expiresAt: new Date(row.expires_at),
        }
      );
    },
  };
}
