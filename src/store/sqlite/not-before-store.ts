/**
 * NotBeforeStore on SQLite.
 */
import type { NotBeforeStore } from '../../not-before.ts';
import type { Database } from './open-database.ts';

export function sqliteNotBeforeStore(database: Database): NotBeforeStore {
  const find = database.prepare<{ seconds: number }>('SELECT seconds FROM not_before');
  const raise = database.prepare(
    `INSERT INTO not_before (id, seconds) VALUES (1, :notBefore)
     ON CONFLICT (id) DO UPDATE SET seconds = max(seconds, excluded.seconds)`,
  );

  return {
    async find() {
      return find.first({})?.seconds;
    },
    async raise(notBefore) {
      database.durably(() => raise.run({ notBefore }));
    },
  };
}
