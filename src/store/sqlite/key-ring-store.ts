/**
 * KeyRingStore on SQLite: one row, which is there from the beginning with version 0.
 */
import { ServiceError } from '../../errors.ts';
import type { KeyRingStore } from '../../oidc/keys/key-ring.ts';
import type { Database } from './open-database.ts';

export function sqliteKeyRingStore(database: Database): KeyRingStore {
  const version = database.prepare<{ version: number }>('SELECT version FROM key_ring');
  const ring = database.prepare<{ version: number; sealed: Uint8Array }>('SELECT version, sealed FROM key_ring');
  const replace = database.prepare(
    'UPDATE key_ring SET version = :version, sealed = :sealed WHERE version = :version - 1',
  );
  const required = <Row>(row: Row | undefined): Row => {
    // Without it the service would take its oldest key for its first one.
    if (row === undefined) throw new ServiceError('STORE_UNAVAILABLE', 'the key ring has lost its place');
    return row;
  };

  return {
    async version() {
      return required(version.first({})).version;
    },
    async read() {
      const row = required(ring.first({}));
      return row.version === 0 ? undefined : { version: row.version, sealed: row.sealed };
    },
    /** No power failure brings back a key that was removed. */
    async replace(next) {
      return database.durably(() => replace.run({ version: next.version, sealed: next.sealed })) === 1;
    },
  };
}
