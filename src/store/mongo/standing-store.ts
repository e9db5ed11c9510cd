/**
 * StandingStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { CitizenStanding, StandingStore } from '../../citizen/standing.ts';
import { type Attempt, driverCollection, upserting } from './open-database.ts';
import type { Read } from './shared-reads.ts';

export interface StoredStanding {
  /** The accountId, a dot, and `standing`: the collection once held what else is known of citizens, too. */
  _id: string;
  isSuspended: boolean;
  notBefore: number;
}

const schema = new Schema<StoredStanding>(
  {
    _id: { type: String, required: true },
    isSuspended: { type: Boolean, required: true },
    notBefore: { type: Number, required: true },
  },
  { collection: 'citizen', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function standingModel(connection: Connection) {
  return connection.model('Standing', schema);
}

export function mongoStandingStore(
  model: ReturnType<typeof standingModel>,
  read: Read<StoredStanding>,
  attempt: Attempt,
): StandingStore {
  const standings = driverCollection<StoredStanding>(model);
  return {
    find: async (accountId) => standingIn(await read(standingIdOf(accountId))),
    async change(accountId, { notBefore, isSuspended }) {
      const update =
        isSuspended === undefined
          ? { $max: { notBefore }, $setOnInsert: { isSuspended: false } }
          : { $max: { notBefore }, $set: { isSuspended } };
      await attempt(() =>
        upserting(() => standings.updateOne({ _id: { $eq: standingIdOf(accountId) } }, update, { upsert: true })),
      );
    },
  };
}

export function standingIn(stored: StoredStanding | undefined): CitizenStanding | undefined {
  return stored && { isSuspended: stored.isSuspended, notBefore: stored.notBefore };
}

export function standingIdOf(accountId: string): string {
  return `${accountId}.standing`;
}
