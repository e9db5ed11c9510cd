/**
 * RateLimitStore on MongoDB: an addition is one conditional update, or one insert where no counter runs. Whoever loses
 * between the two begins again, and finds what the winner wrote.
 */
import { type Connection, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import type { RateLimitStore } from '../../limits/rate-limit-store.ts';
import { type Attempt, driverCollection, isDuplicate, validTime } from './open-database.ts';

interface Stored {
  /** The key of the counter. */
  _id: string;
  points: number;
  expiresAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    points: { type: Number, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'rateLimit', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function rateLimitModel(connection: Connection) {
  return connection.model('RateLimit', schema);
}

/**
 * A change of primary may lose the additions of its last moments, which lets a few more requests pass: not worth the wait
 * of every request for a majority.
 */
const AFTERWARDS = { returnDocument: 'after', writeConcern: { w: 1 } } as const;
/** A window ends once in a while, so one loss is common when many ask at once, and a row of them a fault. */
const MAX_ATTEMPTS = 5;

export function mongoRateLimitStore(model: ReturnType<typeof rateLimitModel>, attempt: Attempt): RateLimitStore {
  const counters = driverCollection<Stored>(model);
  async function addToRunning(key: string, points: number, at: Date, expiresAt: Date): Promise<Stored | null> {
    const running = { _id: { $eq: key }, expiresAt: { $gt: at } };
    return counters.findOneAndUpdate(running, { $inc: { points }, $min: { expiresAt } }, AFTERWARDS);
  }

  /** False when another process has begun the counter meanwhile: its `_id` stands, and its window runs. */
  async function begin(key: string, points: number, at: Date, expiresAt: Date): Promise<boolean> {
    try {
      const ended = { _id: { $eq: key }, expiresAt: { $lte: at } };
      await counters.updateOne(ended, { $set: { points, expiresAt } }, { upsert: true, writeConcern: { w: 1 } });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  return {
    add(key, points, at, expiresAt) {
      const [now, end] = [validTime(at), validTime(expiresAt)];
      return attempt(async () => {
        for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
          const running = await addToRunning(key, points, now, end);
          if (running !== null) return { points: running.points, expiresAt: running.expiresAt };
          if (await begin(key, points, now, end)) return { points, expiresAt: end };
        }
        throw new ServiceError('STORE_UNAVAILABLE', 'a counter neither ran nor could be begun');
      });
    },
  };
}
