/**
 * AuditStore on MongoDB. A record's sequence is its `_id`, which is unique on every kind of server: of two processes that
 * link a record to the same last one, the second is refused, reads the last record afresh and links again. So the
 * records of all processes form one chain without a gap, and no transaction is needed.
 *
 * Appends that are asked for while a write is under way share the next one: under load the wait for a majority is
 * divided among the sign-ins.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Connection, mongo, Schema } from 'mongoose';
import type { AuditStore } from '../../audit/audit-log.ts';
import type { AuditEvent } from '../../audit/event.ts';
import type { AuditRecord } from '../../audit/hash-chain.ts';
import { ServiceError } from '../../errors.ts';
import { storedJson } from '../stored-json.ts';
import { type Attempt, driverCollection, isDuplicate } from './open-database.ts';

interface Stored {
  /** The sequence. */
  _id: number;
  at: Date;
  /** JSON: the hash covers it, so it comes back as it was. */
  event: string;
  previousHash: string;
  hash: string;
}

const schema = new Schema<Stored>(
  {
    _id: { type: Number, required: true },
    at: { type: Date, required: true },
    event: { type: String, required: true },
    previousHash: { type: String, required: true },
    hash: { type: String, required: true },
  },
  { collection: 'audit', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function auditModel(connection: Connection) {
  return connection.model('Audit', schema);
}

interface WaitingAppend {
  readonly link: Parameters<AuditStore['append']>[0];
  readonly resolve: (record: AuditRecord) => void;
  readonly reject: (error: unknown) => void;
}

interface LinkedAppend extends WaitingAppend {
  readonly record: AuditRecord;
}

/** One insert command, whatever the events: far below the limits of a message. */
const BATCH = 200;
/** Each time somebody else wins, the chain has grown: so many losses in a row are a fault, not bad luck. */
const MAX_ATTEMPTS = 100;
const LONGEST_PAUSE_MS = 20;
const DURABLE = { ordered: true, writeConcern: { w: 'majority', j: true, wtimeoutMS: 5000 } } as const;

/** The port, and `flush`, which resolves when the waiting appends are done. */
export function mongoAuditStore(
  model: ReturnType<typeof auditModel>,
  attempt: Attempt,
): AuditStore & { flush(): Promise<void> } {
  const records = driverCollection<Stored>(model);
  let waiting: WaitingAppend[] = [];
  let writing: Promise<void> | undefined;
  /** A record that a majority acknowledged, so none that a change of primary takes back. */
  let lastKnown: AuditRecord | undefined;

  async function readLast(): Promise<AuditRecord | undefined> {
    const stored = await records.findOne({}, { sort: { _id: -1 } });
    return stored ? toRecord(stored) : undefined;
  }

  /** Writes what waits until nothing does. */
  async function write(): Promise<void> {
    await setImmediate(); // what is asked for in one turn of the event loop goes together
    while (waiting.length > 0) {
      const appends = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      await writeAll(appends).catch((error: unknown) => {
        // Whether the records stand is unknown: nobody is told that they do, and the chain is read afresh.
        lastKnown = undefined;
        for (const { reject } of appends) reject(error); // of those that are settled already, nothing changes
      });
    }
    writing = undefined;
  }

  async function writeAll(appends: readonly WaitingAppend[]): Promise<void> {
    let rest = appends;
    for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
      const linked = linkAll(rest, lastKnown ?? (await attempt(readLast)));
      if (linked.length === 0) return;
      const written = await attempt(() => insert(linked));
      for (const { resolve, record } of linked.slice(0, written)) resolve(record);
      if (written === linked.length) {
        lastKnown = linked.at(-1)?.record;
        return;
      }
      lastKnown = undefined;
      rest = linked.slice(written);
      await setTimeout(Math.random() * Math.min(LONGEST_PAUSE_MS, tries + 1));
    }
    throw new ServiceError('AUDIT_UNAVAILABLE', 'other processes were always first to extend the audit log');
  }

  /** How many stand: all, or those before the first whose sequence another process has taken. */
  async function insert(linked: readonly LinkedAppend[]): Promise<number> {
    try {
      await records.insertMany(
        linked.map(({ record }) => toStored(record)),
        DURABLE,
      );
      return linked.length;
    } catch (error) {
      const isOnlyTaken =
        isDuplicate(error) &&
        error instanceof mongo.MongoBulkWriteError &&
        error.result.getWriteConcernError() === undefined;
      if (!isOnlyTaken) throw error;
      return error.insertedCount;
    }
  }

  return {
    append(link) {
      return new Promise((resolve, reject) => {
        waiting.push({ link, resolve, reject });
        writing ??= write();
      });
    },
    async read(after, limit) {
      const stored = await attempt(() =>
        records
          .find({ _id: { $gt: after } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      );
      return stored.map(toRecord);
    },
    async flush() {
      await writing;
    },
  };
}

/** An event that makes no record concerns its own caller alone. */
function linkAll(appends: readonly WaitingAppend[], last: AuditRecord | undefined): LinkedAppend[] {
  let previous = last;
  const linked: LinkedAppend[] = [];
  for (const { link, resolve, reject } of appends) {
    try {
      const record = link(previous);
      linked.push({ link, resolve, reject, record });
      previous = record;
    } catch (error) {
      reject(error);
    }
  }
  return linked;
}

function toStored({ sequence, at, event, previousHash, hash }: AuditRecord): Stored {
  return { _id: sequence, at, event: JSON.stringify(event), previousHash, hash };
}

function toRecord({ _id: sequence, at, event, previousHash, hash }: Stored): AuditRecord {
  return {
    sequence,
    at,
    event: storedJson(event, 'AUDIT_BROKEN', { sequence }) as AuditEvent, // the hash chain vouches for it, not the type
    previousHash,
    hash,
  };
}
