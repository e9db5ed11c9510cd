/**
 * Reads by `_id`, and upserts by it, that go together as one command.
 */
import { mongo } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import { inBatches } from './batches.ts';
import { type Attempt, DUPLICATE_KEY } from './open-database.ts';

export interface Upsert<Stored> {
  readonly id: string;
  readonly update: mongo.UpdateFilter<Stored>;
}

/** Of one upsert; 'duplicate': somebody else inserted it in between, and nothing was written. */
export type Outcome = 'inserted' | 'updated' | 'duplicate';

/** The document of an `_id`, as it stood after the call. */
export function sharedReads<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  attempt: Attempt,
): (id: string) => Promise<mongo.WithId<Stored> | undefined> {
  return inBatches<string, mongo.WithId<Stored> | undefined>(async (calls) => {
    const ids = [...new Set(calls.map(({ request }) => request))];
    const condition = { _id: ids.length === 1 ? { $eq: ids[0] } : { $in: ids } } as mongo.Filter<Stored>;
    // Not `singleBatch`: should the server send them in parts, the rest is fetched.
    const found = await attempt(() => collection.find(condition, { limit: ids.length }).toArray());
    const byId = new Map<string, mongo.WithId<Stored>>(found.map((stored) => [String(stored._id), stored]));
    for (const { request, resolve } of calls) resolve(byId.get(request));
  });
}

/** Each stands for itself: what becomes of one says nothing of the others. */
export function sharedUpserts<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  attempt: Attempt,
): (upsert: Upsert<Stored>) => Promise<Outcome> {
  return inBatches<Upsert<Stored>, Outcome>(async (calls) => {
    const updates = calls.map(({ request: { id, update } }) => ({
      updateOne: { filter: { _id: { $eq: id } } as mongo.Filter<Stored>, update, upsert: true },
    }));
    await attempt(async () => {
      const { result, duplicates } = await resultOf(collection.bulkWrite(updates, { ordered: false }));
      // The driver reports a lost connection, too, as the result of a bulk write: what is not accounted for is not done.
      if (result.matchedCount + result.upsertedCount + duplicates.size !== calls.length) {
        throw new ServiceError('STORE_UNAVAILABLE', 'the database did not say what became of each write');
      }
      calls.forEach(({ resolve }, index) => {
        if (duplicates.has(index)) resolve('duplicate');
        else resolve(Object.hasOwn(result.upsertedIds, index) ? 'inserted' : 'updated');
      });
    });
  });
}

async function resultOf(writing: Promise<mongo.BulkWriteResult>) {
  try {
    return { result: await writing, duplicates: new Set<number>() };
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
    const errors = error.result.getWriteErrors();
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return { result: error.result, duplicates: new Set(errors.map(({ index }) => index)) };
  }
}
