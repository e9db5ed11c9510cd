/**
 * Writes by `_id` that go together as one command. Each is an upsert, so that the server tells what became of it: it
 * inserted, it updated, or it did neither, because a document of this `_id` stands which does not meet its condition.
 */
import { mongo } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import { type Attempt, DUPLICATE_KEY } from './open-database.ts';
import type { Call, Turns } from './turns.ts';

export interface Upsert<Stored> {
  readonly id: string;
  /** Beside the `_id`. It compares no member for equality: an upsert that inserts would write that. */
  readonly condition?: mongo.Filter<Stored>;
  /** 'removal': nothing is left of the document but that it has expired. */
  readonly update: mongo.UpdateFilter<Stored> | 'removal';
}

/** Of one upsert; 'duplicate': nothing was written. */
export type Outcome = 'inserted' | 'updated' | 'duplicate';

export type Write<Stored> = (upsert: Upsert<Stored>) => Promise<Outcome>;

/** Each stands for itself: what becomes of one says nothing of the others. */
export function sharedWrites<Stored extends { _id: string }>(
  turns: Turns,
  collection: mongo.Collection<Stored>,
  attempt: Attempt,
): Write<Stored> {
  const send = async (calls: readonly Call<Upsert<Stored>, Outcome>[]): Promise<void> => {
    const operations = calls.map(({ request }) => operationOf(request));
    const { inserted, errors } = await attempt(() => writeAll(collection, operations));
    calls.forEach(({ resolve, reject }, place) => {
      const error = errors.get(place);
      if (error === undefined) resolve(inserted.has(place) ? 'inserted' : 'updated');
      else if (error.code === DUPLICATE_KEY) resolve('duplicate');
      else attempt(() => Promise.reject(error)).catch(reject);
    });
  };
  return turns.sharing(async (calls) => {
    try {
      await send(calls);
    } catch (error) {
      // One that is too long for a document: the driver sends none. Then each goes for itself.
      if (calls.length === 1 || !isRefusedUnsent(error)) throw error;
      await Promise.all(calls.map((call) => send([call]).catch(call.reject)));
    }
  });
}

function isRefusedUnsent(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.cause instanceof mongo.MongoInvalidArgumentError || error.cause instanceof RangeError;
}

/** An upsert without a condition. A duplicate is of somebody who inserted the document in between: now it is found. */
export async function writeAnyway<Stored>(
  write: Write<Stored>,
  upsert: Omit<Upsert<Stored>, 'condition'>,
): Promise<void> {
  if ((await write(upsert)) === 'duplicate' && (await write(upsert)) === 'duplicate') {
    throw new ServiceError('STORE_UNAVAILABLE', 'a record neither stood nor could be inserted');
  }
}

/** What stands in place of a record that was removed. */
export function removedNow(): { readonly expiresAt: Date } {
  return { expiresAt: new Date() };
}

/** By their places in the batch. */
interface Written {
  readonly inserted: ReadonlySet<number>;
  readonly errors: ReadonlyMap<number, mongo.MongoServerError>;
}

async function writeAll<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  operations: readonly mongo.AnyBulkWriteOperation<Stored>[],
): Promise<Written> {
  const { result, errors } = await bulkWrite(collection, operations);
  const inserted = new Set(Object.keys(result.upsertedIds).map(Number));
  // The driver reports a lost connection, too, as the result of a bulk write: what is not accounted for is not done.
  if (result.matchedCount + inserted.size + errors.size !== operations.length) {
    throw new ServiceError('STORE_UNAVAILABLE', 'the database did not say what became of each write');
  }
  return { inserted, errors };
}

async function bulkWrite<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  operations: readonly mongo.AnyBulkWriteOperation<Stored>[],
): Promise<{ readonly result: mongo.BulkWriteResult; readonly errors: Written['errors'] }> {
  try {
    return { result: await collection.bulkWrite(operations, { ordered: false }), errors: new Map() };
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
    const errors = error.result.getWriteErrors();
    if (errors.length === 0) throw error;
    const byPlace = errors.map(
      ({ index, code, errmsg = '' }) => [index, new mongo.MongoServerError({ code, errmsg })] as const,
    );
    return { result: error.result, errors: new Map(byPlace) };
  }
}

/** The text of an `_id` stays a value, whatever it is. */
function operationOf<Stored extends { _id: string }>({
  id,
  condition,
  update,
}: Upsert<Stored>): mongo.AnyBulkWriteOperation<Stored> {
  const filter = { ...condition, _id: { $eq: id } } as mongo.Filter<Stored>; // the type variable hides that `_id` is a string
  if (update !== 'removal') return { updateOne: { filter, update, upsert: true } };
  const replacement = removedNow() as unknown as mongo.WithoutId<Stored>; // no record any more
  return { replaceOne: { filter, replacement, upsert: true } };
}
