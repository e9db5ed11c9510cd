/**
 * ChallengeStore on MongoDB. Taking is one findOneAndDelete, which returns the document to the one caller who removed it.
 */
import { type Connection, Schema } from 'mongoose';
import type { ChallengeStore } from '../../authentication/challenge.ts';
import { type Attempt, driverCollection, validTime } from './open-database.ts';

interface Stored {
  _id: string;
  interaction: string;
  browserHash: string;
  clientId: string;
  expiresAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    interaction: { type: String, required: true },
    browserHash: { type: String, required: true },
    clientId: { type: String, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'challenge', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function challengeModel(connection: Connection) {
  return connection.model('Challenge', schema);
}

export function mongoChallengeStore(model: ReturnType<typeof challengeModel>, attempt: Attempt): ChallengeStore {
  const challenges = driverCollection<Stored>(model);
  return {
    // A plain insert: an identifier that stands already is refused, because no label is ever used twice.
    async put({ id, interaction, browserHash, clientId, expiresAt }) {
      const stored = { _id: id, interaction, browserHash, clientId, expiresAt: validTime(expiresAt) };
      await attempt(() => challenges.insertOne(stored));
    },
    async take(id) {
      const stored = await attempt(() => challenges.findOneAndDelete({ _id: { $eq: id } }));
      if (stored === null) return undefined;
      const { _id, interaction, browserHash, clientId, expiresAt } = stored;
      return { id: _id, interaction, browserHash, clientId, expiresAt };
    },
  };
}
