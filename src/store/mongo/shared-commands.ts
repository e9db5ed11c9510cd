/**
 * Reads by `_id`, and upserts by it, that go together as one command.
 */
import { mongo } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import { inBatches } from './batches.ts';
import { type Attempt, DUPLICATE_KEY, isDuplicate } from './open-database.ts';

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
    const found = await attempt(() => readAll(collection, ids));
    const byId = new Map<string, mongo.WithId<Stored>>(found.map((stored) => [String(stored._id), stored]));
    for (const { request, resolve } of calls) resolve(byId.get(request));
  });
}

/** One is read by what costs the driver less. */
async function readAll<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  ids: readonly string[],
): Promise<mongo.WithId<Stored>[]> {
  if (ids.length > 1) return collection.find({ _id: { $in: ids } } as mongo.Filter<Stored>).toArray();
  const stored = await collection.findOne(idIs<Stored>(ids[0]));
  return stored === null ? [] : [stored];
}

/** Each stands for itself: what becomes of one says nothing of the others. */
export function sharedUpserts<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  attempt: Attempt,
): (upsert: Upsert<Stored>) => Promise<Outcome> {
  return inBatches<Upsert<Stored>, Outcome>(async (calls) => {
    await attempt(async () => {
      const { matched, inserted, duplicates } = await writeAll(
        collection,
        calls.map(({ request }) => request),
      );
      // The driver reports a lost connection, too, as the result of a bulk write: what is not accounted for is not done.
      if (matched + inserted.size + duplicates.size !== calls.length) {
        throw new ServiceError('STORE_UNAVAILABLE', 'the database did not say what became of each write');
      }
      calls.forEach(({ resolve }, index) => {
        if (duplicates.has(index)) resolve('duplicate');
        else resolve(inserted.has(index) ? 'inserted' : 'updated');
      });
    });
  });
}

interface Written {
  readonly matched: number;
  /** Places in the batch, as of the duplicates. */
  readonly inserted: ReadonlySet<number>;
  readonly duplicates: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();
const FIRST: ReadonlySet<number> = new Set([0]);

async function writeAll<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  upserts: readonly Upsert<Stored>[],
): Promise<Written> {
  const [first] = upserts;
  if (first !== undefined && upserts.length === 1) return writeOne(collection, first);
  const updates = upserts.map(({ id, update }) => ({ updateOne: { filter: idIs<Stored>(id), update, upsert: true } }));
  try {
    return writtenOf(await collection.bulkWrite(updates, { ordered: false }), NONE);
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
    const errors = error.result.getWriteErrors();
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return writtenOf(error.result, new Set(errors.map(({ index }) => index)));
  }
}

function writtenOf({ matchedCount, upsertedIds }: mongo.BulkWriteResult, duplicates: ReadonlySet<number>): Written {
  return { matched: matchedCount, inserted: new Set(Object.keys(upsertedIds).map(Number)), duplicates };
}

async function writeOne<Stored extends { _id: string }>(
  collection: mongo.Collection<Stored>,
  { id, update }: Upsert<Stored>,
): Promise<Written> {
  try {
    const { matchedCount, upsertedCount } = await collection.updateOne(idIs<Stored>(id), update, { upsert: true });
    return { matched: matchedCount, inserted: upsertedCount === 1 ? FIRST : NONE, duplicates: NONE };
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return { matched: 0, inserted: NONE, duplicates: FIRST };
  }
}

/** The text stays a value, whatever it is. */
function idIs<Stored extends { _id: string }>(id: string | undefined) {
  return { _id: { $eq: id } } as mongo.Filter<Stored>;
}
