/**
 * What removes expired records: the server's TTL index where it has one, and the sweep in any case. Neither decides
 * anything, since nothing that has expired is ever found.
 */
import { type Collection, mongo } from 'mongoose';

/**
 * The server goes by its own clock, the service by its own: the index leaves a record alone for this long after its
 * expiry, so that a server whose clock is ahead removes nothing that still counts.
 */
export const TTL_GRACE_SECONDS = 3600;

/** How servers say that they do not know an option: CannotCreateIndex, InvalidOptions, InvalidIndexSpecificationOption, NotImplemented. */
const UNKNOWN_OPTION: readonly unknown[] = [67, 72, 197, 238];

/**
 * Makes the index by which the server, where it can, and the sweep find what has expired; says whether the server kept
 * it as one that expires records. A server may know the word and not the thing, so the sweep runs in any case.
 */
export async function createExpiryIndex(collection: Collection, graceSeconds: number): Promise<boolean> {
  try {
    await collection.createIndex({ expiresAt: 1 }, { expireAfterSeconds: graceSeconds });
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || !UNKNOWN_OPTION.includes(error.code)) throw error;
    await collection.createIndex({ expiresAt: 1 });
  }
  const indexes = await collection.indexes();
  return indexes.some(({ expireAfterSeconds }) => expireAfterSeconds === graceSeconds);
}

/** So few that nobody who waits for the server notices. */
const SWEEP_BATCH = 100;

/** Deletes the records of `collection` that have expired at `at`, and says how many. */
export async function sweepExpired(collection: Collection, at: Date): Promise<number> {
  let swept = 0;
  for (;;) {
    const expired = await collection
      .find({ expiresAt: { $lte: at } }, { projection: { _id: 1 }, limit: SWEEP_BATCH })
      .toArray();
    if (expired.length === 0) return swept;
    // The condition again: a record may have been replaced in between.
    const condition = { _id: { $in: expired.map(({ _id }) => _id) }, expiresAt: { $lte: at } };
    swept += (await collection.deleteMany(condition)).deletedCount;
    if (expired.length < SWEEP_BATCH) return swept;
  }
}
