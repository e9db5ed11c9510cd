/**
 * Reads by `_id` that go together as one command, of several collections too.
 */
import type { mongo } from 'mongoose';
import type { Attempt } from './open-database.ts';
import type { Turns } from './turns.ts';

/** The document of an `_id`, as it stood after the call. */
export type Read<Stored> = (id: string) => Promise<Stored | undefined>;

interface Source {
  readonly collection: mongo.Collection;
  /** What is read of a document: all where nothing is told. */
  readonly fields: mongo.Document | undefined;
}

interface Request {
  readonly source: Source;
  readonly id: string;
}

type Wanted = readonly [Source, readonly string[]];

/** Tells of which collection a document is, where an answer has those of several. */
const SOURCE = 'sourceCollection';

export class SharedReads {
  /** In the order in which they were told of. */
  readonly #sources: Source[] = [];
  readonly #read: (request: Request) => Promise<mongo.Document | undefined>;

  constructor(turns: Turns, attempt: Attempt) {
    this.#read = turns.sharing<Request, mongo.Document | undefined>(async (calls) => {
      const idsOf = (wanted: Source): readonly string[] => [
        ...new Set(calls.filter(({ request }) => request.source === wanted).map(({ request }) => request.id)),
      ];
      const wanted = this.#sources
        .map((source) => [source, idsOf(source)] as const)
        .filter(([, ids]) => ids.length > 0);
      const found = await attempt(() => readAll(wanted));
      for (const { request, resolve } of calls)
        resolve(found.get(keyOf(request.source.collection.collectionName, request.id)));
    });
  }

  /**
   * A further collection to read from. The first is that of most reads. The others are to be small: a server may make no
   * use of the index of what it adds to the first.
   */
  of<Stored extends { _id: string }>(
    collection: mongo.Collection<Stored>,
    fields?: { readonly [name in keyof Stored]?: 1 },
  ): Read<Stored> {
    const source = { collection: collection as unknown as mongo.Collection, fields }; // of whatever documents
    this.#sources.push(source);
    return async (id) => (await this.#read({ source, id })) as Stored | undefined; // a document of this collection
  }
}

async function readAll([first, ...others]: readonly Wanted[]): Promise<ReadonlyMap<string, mongo.Document>> {
  if (first === undefined) return new Map();
  const [{ collection, fields }, ids] = first;
  const found =
    others.length === 0
      ? collection.find(idIn(ids), fields && { projection: fields })
      : collection.aggregate([...stagesOf(first), ...others.map(unionWith)]);
  const documents = await found.toArray();
  return new Map(documents.map((stored) => [keyOf(stored[SOURCE] ?? collection.collectionName, stored._id), stored]));
}

function unionWith(wanted: Wanted): mongo.Document {
  const coll = wanted[0].collection.collectionName;
  return { $unionWith: { coll, pipeline: [...stagesOf(wanted), { $set: { [SOURCE]: coll } }] } };
}

function stagesOf([{ fields }, ids]: Wanted): mongo.Document[] {
  return [{ $match: idIn(ids) }, ...(fields ? [{ $project: fields }] : [])];
}

/** The texts stay values, whatever they are. */
function idIn(ids: readonly string[]): mongo.Filter<mongo.Document> {
  return { _id: { $in: ids } } as mongo.Document; // the driver's type wants ObjectIds
}

function keyOf(collectionName: string, id: unknown): string {
  return `${collectionName}/${id}`;
}
