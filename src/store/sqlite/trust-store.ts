/**
 * TrustStore on SQLite. The version is one row, raised in the transaction of each change.
 */
import { ServiceError } from '../../errors.ts';
import type { TrustEntry, TrustKind, TrustStore, TrustVersion } from '../../trust/trust-list.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  profile: string;
  kind: string;
  key_sha256: string;
  certificate_sha256: string;
  certificate: Uint8Array;
  added_at: number;
}

const MOST_RECORDINGS = 32;

export function sqliteTrustStore(database: Database): TrustStore {
  const version = database.prepare<{ list: number; refreshes: number }>('SELECT list, refreshes FROM trust_version');
  const raise = database.prepare('UPDATE trust_version SET list = list + 1, refreshes = refreshes + :refreshes');
  const entries = database.prepare<Row>('SELECT * FROM trust ORDER BY rowid');
  const put = database.prepare(
    `INSERT INTO trust (profile, kind, key_sha256, certificate_sha256, certificate, added_at)
     VALUES (:profile, :kind, :keySha256, :certificateSha256, :certificate, :addedAt)
     ON CONFLICT (profile, kind, certificate_sha256) DO NOTHING`,
  );
  const remove = database.prepare(
    'DELETE FROM trust WHERE profile = :profile AND kind = :kind AND certificate_sha256 = :certificateSha256',
  );
  const claim = database.prepare(
    `INSERT INTO trust_recording (change, held_until) VALUES (:change, :until)
     ON CONFLICT (change) DO UPDATE SET held_until = excluded.held_until WHERE held_until <= :at`,
  );
  const forget = database.prepare(
    `DELETE FROM trust_recording WHERE rowid <= (SELECT max(rowid) FROM trust_recording) - ${MOST_RECORDINGS}`,
  );
  const recording = database.prepare<{ held_until: number | null }>(
    'SELECT held_until FROM trust_recording WHERE change = :change',
  );
  const settle = database.prepare(
    'UPDATE trust_recording SET held_until = :heldUntil WHERE change = :change AND held_until IS NOT NULL',
  );

  const currentVersion = (): TrustVersion => {
    const row = version.first({});
    // Without it no process would ever notice that a CA is trusted no longer.
    if (row === undefined) throw new ServiceError('STORE_UNAVAILABLE', 'the trust list has lost its version');
    return { list: row.list, refreshes: row.refreshes };
  };
  /** No power failure brings back a CA that was removed. */
  const changing = (change: () => number): boolean =>
    database.durably(() => {
      const isChanged = change() === 1;
      if (isChanged) raise.run({ refreshes: 0 });
      return isChanged;
    });

  return {
    async version() {
      return currentVersion();
    },
    async read() {
      return database.transaction(() => ({ version: currentVersion(), entries: entries.all({}).map(toEntry) }));
    },
    async put({ profile, kind, keySha256, certificateSha256, certificate, addedAt }) {
      const values = { profile, kind, keySha256, certificateSha256, certificate, addedAt: toMilliseconds(addedAt) };
      return changing(() => put.run(values));
    },
    async remove({ profile, kind, certificateSha256 }) {
      return changing(() => remove.run({ profile, kind, certificateSha256 }));
    },
    async refresh() {
      raise.run({ refreshes: 1 });
    },
    async claim(change, at, until) {
      return database.transaction(() => {
        const hasWon = claim.run({ change, at: toMilliseconds(at), until: toMilliseconds(until) }) === 1;
        forget.run({});
        if (hasWon) return 'won';
        return recording.first({ change })?.held_until === null ? 'recorded' : 'held';
      });
    },
    async settle(change, isRecorded) {
      settle.run({ change, heldUntil: isRecorded ? null : 0 });
    },
  };
}

function toEntry(row: Row): TrustEntry {
  return {
    profile: row.profile,
    kind: row.kind as TrustKind, // the table admits no other
    keySha256: row.key_sha256,
    certificateSha256: row.certificate_sha256,
    certificate: row.certificate,
    addedAt: new Date(row.added_at),
  };
}
