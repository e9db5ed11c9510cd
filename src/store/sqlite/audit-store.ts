/**
 * AuditStore on SQLite: a database file of its own whose every commit is on disk before it counts (`synchronous = FULL`).
 *
 * Appends that come close together share one transaction, so one wait for the disk (`quiet-turn.ts`): under load the
 * cost of durability is divided among the sign-ins, and each promise still resolves only after that commit.
 */
import type { AuditStore } from '../../audit/audit-log.ts';
import type { AuditEvent } from '../../audit/event.ts';
import type { AuditRecord } from '../../audit/hash-chain.ts';
import { storedJson } from '../stored-json.ts';
import { toMilliseconds } from './columns.ts';
import type { Database, Values } from './open-database.ts';
import { afterQuietTurn } from './quiet-turn.ts';

interface Row {
  sequence: number;
  at: number;
  event: string;
  previous_hash: string;
  hash: string;
}

interface WaitingAppend {
  readonly link: Parameters<AuditStore['append']>[0];
  readonly resolve: (record: AuditRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** The port, and `flush`, which completes the waiting appends at once. */
export function sqliteAuditStore(database: Database): AuditStore & { flush(): void } {
  const last = database.prepare<Row>('SELECT * FROM audit ORDER BY sequence DESC LIMIT 1');
  const insert = database.prepare(
    `INSERT INTO audit (sequence, at, event, previous_hash, hash)
     VALUES (:sequence, :at, :event, :previousHash, :hash)`,
  );
  const read = database.prepare<Row>('SELECT * FROM audit WHERE sequence > :after ORDER BY sequence LIMIT :limit');
  let waiting: WaitingAppend[] = [];

  /** Runs in one transaction; the callers hear of what it returns only after the commit. */
  function writeAll(appends: readonly WaitingAppend[]): (() => void)[] {
    const row = last.first({});
    let previous = row && toRecord(row);
    return appends.map(({ link, resolve, reject }) => {
      let record: AuditRecord;
      try {
        record = link(previous);
      } catch (error) {
        return () => reject(error); // an event that makes no record concerns its own caller alone
      }
      // A failure to write concerns all: SQLite may have undone the transaction, so the next link would hang in the air.
      insert.run(toValues(record));
      previous = record;
      return () => resolve(record);
    });
  }

  function flush(): void {
    const appends = waiting;
    waiting = [];
    if (appends.length === 0) return;
    try {
      for (const settle of database.transaction(() => writeAll(appends))) settle();
    } catch (error) {
      for (const { reject } of appends) reject(error);
    }
  }

  return {
    append(link) {
      return new Promise((resolve, reject) => {
        waiting.push({ link, resolve, reject });
        if (waiting.length === 1) afterQuietTurn(() => waiting.length, flush);
      });
    },
    async read(after, limit) {
      return read.all({ after, limit }).map(toRecord);
    },
    flush,
  };
}

function toValues({ sequence, at, event, previousHash, hash }: AuditRecord): Values {
  return { sequence, at: toMilliseconds(at), event: JSON.stringify(event), previousHash, hash };
}

function toRecord(row: Row): AuditRecord {
  const { sequence } = row;
  return {
    sequence,
    at: new Date(row.at),
    event: storedJson(row.event, 'AUDIT_BROKEN', { sequence }) as AuditEvent, // the hash chain vouches for it, not the type
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
