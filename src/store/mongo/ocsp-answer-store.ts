/**
 * OcspAnswerStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { OcspAnswerStore } from '../../network/ocsp-answers.ts';
import { type Attempt, driverCollection, isDuplicate, octetsOf, upserting, validTime } from './open-database.ts';

interface Stored {
  /** The key of the answer. */
  _id: string;
  response: Buffer;
  nonce?: Buffer;
  receivedAt: Date;
  expiresAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    response: { type: Buffer, required: true },
    nonce: { type: Buffer },
    receivedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'ocspAnswer', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function ocspAnswerModel(connection: Connection) {
  return connection.model('OcspAnswer', schema);
}

export function mongoOcspAnswerStore(model: ReturnType<typeof ocspAnswerModel>, attempt: Attempt): OcspAnswerStore {
  const answers = driverCollection<Stored>(model);
  return {
    async find(key, at) {
      const stored = await attempt(() => answers.findOne({ _id: { $eq: key }, expiresAt: { $gt: validTime(at) } }));
      if (stored === null) return undefined;
      const { response, nonce, receivedAt, expiresAt } = stored;
      return { key, response: octetsOf(response), ...(nonce && { nonce: octetsOf(nonce) }), receivedAt, expiresAt };
    },
    async put({ key, response, nonce, receivedAt, expiresAt }) {
      const answer = {
        response: Buffer.from(response),
        ...(nonce && { nonce: Buffer.from(nonce) }),
        receivedAt: validTime(receivedAt),
        expiresAt: validTime(expiresAt),
      };
      await attempt(async () => {
        try {
          const earlier = { _id: { $eq: key }, receivedAt: { $lte: answer.receivedAt } };
          await upserting(() => answers.replaceOne(earlier, answer, { upsert: true }));
        } catch (error) {
          // One that was received later stands there.
          if (!isDuplicate(error)) throw error;
        }
      });
    },
  };
}
