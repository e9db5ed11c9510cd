/**
 * What a sign-in leaves behind for a while, of whatever kind, in one collection: so that the steps of many sign-ins share
 * commands. The `_id` is `kind:id`.
 *
 * What is removed is replaced by a document that expires at once, and nothing else: that can go with other writes, which a
 * deletion cannot. It says nothing of what it was, nobody finds it, and it goes with what else has expired.
 */
import { type Connection, type mongo, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import { type Attempt, driverCollection } from './open-database.ts';
import type { Read, SharedReads } from './shared-reads.ts';
import { sharedWrites, type Write } from './shared-writes.ts';
import type { Turns } from './turns.ts';

interface Indexed {
  _id: string;
  grantId?: string;
  uid?: string;
  userCode?: string;
}

const schema = new Schema<Indexed>(
  {
    _id: { type: String, required: true },
    grantId: { type: String, index: { sparse: true } },
    uid: { type: String, index: { sparse: true } },
    userCode: { type: String, index: { sparse: true } },
  },
  // Its name is of the time when protocol records were all that it held.
  { collection: 'protocol', versionKey: false },
);

export function shortLivedModel(connection: Connection) {
  return connection.model('ShortLived', schema);
}

/** The records of one kind. */
export interface ShortLivedRecords<Stored extends { _id: string }> {
  readonly collection: mongo.Collection<Stored>;
  readonly read: Read<Stored>;
  readonly write: Write<Stored>;
}

/** @returns a function that makes the records of one kind */
export function shortLivedRecords(
  model: ReturnType<typeof shortLivedModel>,
  { turns, reads, attempt }: { readonly turns: Turns; readonly reads: SharedReads; readonly attempt: Attempt },
): <Stored extends { _id: string }>() => ShortLivedRecords<Stored> {
  const collection = driverCollection<Indexed>(model);
  const records = { collection, read: reads.of(collection), write: sharedWrites(turns, collection, attempt) };
  return <Stored extends { _id: string }>() => records as unknown as ShortLivedRecords<Stored>; // its `_id`s are its own
}

/** Of single use; all of them have an interaction, and what is left of one that was taken has not. */
interface Once {
  _id: string;
  interaction: string;
}

/** Rejects with ServiceError STORE_UNAVAILABLE where a record of this `_id` stands, or what is left of one. */
export async function putOnce<Stored extends Once>(
  { write }: ShortLivedRecords<Stored>,
  id: string,
  record: mongo.MatchKeysAndValues<Stored>,
): Promise<void> {
  if ((await write({ id, update: { $setOnInsert: record } })) === 'inserted') return;
  throw new ServiceError('STORE_UNAVAILABLE', 'a record of single use stands already');
}

/** Of any number of callers, one gets the record. */
export async function takeOnce<Stored extends Once>(
  { read, write }: ShortLivedRecords<Stored>,
  id: string,
): Promise<Stored | undefined> {
  const stored = await read(id);
  if (stored?.interaction === undefined) return undefined;
  const condition = { interaction: { $exists: true } } as mongo.Filter<Stored>; // the type variable hides the member
  return (await write({ id, condition, update: 'removal' })) === 'updated' ? stored : undefined;
}
