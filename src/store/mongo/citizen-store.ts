/**
 * CitizenStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { CitizenStore, SignInReference } from '../../citizen/citizen-record.ts';
import { type Attempt, octetsOf, upserting, validTime } from './open-database.ts';

interface Stored {
  /** The accountId, a dot, and the time of the sign-in: neither contains a dot. */
  _id: string;
  sealed: Buffer;
  expiresAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    sealed: { type: Buffer, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'citizen', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function citizenModel(connection: Connection) {
  return connection.model('Citizen', schema);
}

export function mongoCitizenStore(citizens: ReturnType<typeof citizenModel>, attempt: Attempt): CitizenStore {
  return {
    async find({ accountId, signedInAt }, at) {
      const condition = { _id: idOf({ accountId, signedInAt }), expiresAt: { $gt: validTime(at) } };
      const stored = await attempt(() => citizens.findOne(condition).lean());
      return stored
        ? { accountId, signedInAt, sealed: octetsOf(stored.sealed), expiresAt: stored.expiresAt }
        : undefined;
    },
    async put({ accountId, signedInAt, sealed, expiresAt }) {
      const update = { $set: { sealed: Buffer.from(sealed), expiresAt: validTime(expiresAt) } };
      await attempt(() =>
        upserting(() => citizens.updateOne({ _id: idOf({ accountId, signedInAt }) }, update, { upsert: true })),
      );
    },
  };
}

function idOf({ accountId, signedInAt }: SignInReference): string {
  return `${accountId}.${signedInAt}`;
}
