/**
 * NotBeforeStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { NotBeforeStore } from '../../not-before.ts';
import { type Attempt, driverCollection, upserting } from './open-database.ts';
import type { SharedReads } from './shared-reads.ts';

interface Stored {
  _id: string;
  /** Epoch seconds. */
  seconds: number;
}

const schema = new Schema<Stored>(
  { _id: { type: String, required: true }, seconds: { type: Number, required: true } },
  { collection: 'not_before', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function notBeforeModel(connection: Connection) {
  return connection.model('NotBefore', schema);
}

const EVERYBODY = { _id: 'everybody' };

export function mongoNotBeforeStore(
  model: ReturnType<typeof notBeforeModel>,
  reads: SharedReads,
  attempt: Attempt,
): NotBeforeStore {
  const marks = driverCollection<Stored>(model);
  const read = reads.of(marks);
  return {
    async find() {
      return (await read(EVERYBODY._id))?.seconds;
    },
    async raise(notBefore) {
      const update = { $max: { seconds: notBefore } };
      await attempt(() => upserting(() => marks.updateOne(EVERYBODY, update, { upsert: true })));
    },
  };
}
