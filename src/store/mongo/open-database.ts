/**
 * One MongoDB database, over a connection of its own, spoken to only through attempts whose every failure is a coded
 * error.
 *
 * A write counts when a majority of the replica set has it in its journal, so no change of primary, and no death of a
 * server, undoes what a caller was told; reads go to the primary. The address may not weaken either. When the primary is
 * lost, an attempt fails within seconds, later ones at once, and those that come when there is a primary again find it
 * without a restart.
 */
import { setImmediate } from 'node:timers/promises';
import { type Connection, type ConnectOptions, type Model, Mongoose, mongo } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import { Reachability } from './reachability.ts';

type Failure = 'STORE_UNAVAILABLE' | 'AUDIT_UNAVAILABLE';

/** Runs `action`; its failure is a ServiceError with the cause kept. */
export type Attempt = <T>(action: () => Promise<T>) => Promise<T>;

const DEFAULT_DATABASE = 'thiqa';
/** An address with a database: `mongodb://host:port,host:port/database?options`. */
const NAMES_A_DATABASE = /^mongodb(?:\+srv)?:\/\/[^/?]+\/[^?]/;

const OPTIONS: ConnectOptions = {
  appName: 'thiqa',
  w: 'majority',
  journal: true,
  wtimeoutMS: 5000,
  retryWrites: true,
  retryReads: true,
  readPreference: 'primary',
  // How long a request waits for a primary. An election takes longer: better a clear error now than a queue of citizens.
  serverSelectionTimeoutMS: 3000,
  connectTimeoutMS: 3000,
  waitQueueTimeoutMS: 3000,
  socketTimeoutMS: 30_000,
  // Indexes are made, and awaited, by whoever opens the store; a request before a connection is refused, not queued.
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
};

/**
 * The driver waits for ever on a connection that is cut while it writes to it. Longer than a write may take through a
 * change of primary: the search for one, and then a majority.
 */
const LONGEST_MS = 10_000;

/** Rejects with ServiceError STORE_UNAVAILABLE. */
export async function openMongoDatabase(url: string): Promise<MongoDatabase> {
  const options = NAMES_A_DATABASE.test(url) ? OPTIONS : { ...OPTIONS, dbName: DEFAULT_DATABASE };
  let connection: Connection | undefined;
  try {
    // An instance of its own: nothing of mongoose is global to the process.
    connection = new Mongoose().createConnection(url, options);
    return new MongoDatabase(await connection.asPromise());
  } catch (error) {
    await connection?.close(true).catch(() => undefined); // the first error is the one to tell
    throw translated('STORE_UNAVAILABLE', error);
  }
}

export class MongoDatabase {
  readonly connection: Connection;
  readonly #reachability = new Reachability(() => this.command({ ping: 1 }));
  #isClosed = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** @param longestMs until an attempt fails that nobody answers */
  attempts(failure: Failure, longestMs = LONGEST_MS): Attempt {
    return async (action) => {
      if (this.#isClosed) throw new ServiceError(failure, 'the store is closed');
      const { loss } = this.#reachability;
      if (loss !== undefined) {
        await setImmediate(); // somebody who tries again at once does not keep the probe from its answer
        throw new ServiceError(failure, 'the database cannot be reached', { cause: loss });
      }
      try {
        return await answered(action, longestMs);
      } catch (error) {
        if (isLoss(error)) this.#reachability.noteLoss(error);
        throw translated(failure, error);
      }
    };
  }

  /** The answer of the server to a command of the administrator's database that needs no privilege. */
  command(command: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    return this.connection.getClient().db('admin').command(command);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reachability.end();
    await this.connection.close();
  }
}

/**
 * The driver's own collection of a model: without mongoose's casting, which costs half as much as the command itself. The
 * types vouch for what is written; a condition that holds a given text compares by `$eq`, so that it stays a value.
 */
export function driverCollection<Stored extends object>(
  model: Pick<Model<Stored>, 'db' | 'collection'>,
): mongo.Collection<Stored> {
  const { db } = model.db;
  if (db === undefined) throw new TypeError('a model is used once its connection stands');
  return db.collection<Stored>(model.collection.collectionName);
}

export const DUPLICATE_KEY = 11000;

export function isDuplicate(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/** Two upserts of one absent record may both try to insert it: the one who comes second then finds it. */
export async function upserting<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return action();
  }
}

/** An invalid Date would be stored as a time that never comes: refused. */
export function validTime(time: Date): Date {
  if (Number.isNaN(time.getTime())) throw new TypeError('a stored time must be a valid Date');
  return time;
}

/** The octets of a binary value as the driver reads it. */
export function octetsOf(value: unknown): Uint8Array {
  if (value instanceof mongo.Binary) return Uint8Array.from(value.buffer.subarray(0, value.position));
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  throw new ServiceError('STORE_UNAVAILABLE', 'a stored record has no octets where they belong');
}

class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime';
}

async function answered<T>(action: () => Promise<T>, longestMs: number): Promise<T> {
  if (longestMs === Number.POSITIVE_INFINITY) return action();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new NoAnswerInTime()), longestMs);
  try {
    return await Promise.race([action(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** No server for as long as an attempt waits; the driver wraps that in the error of a bulk write. */
function isLoss(error: unknown): error is Error {
  if (error instanceof mongo.MongoBulkWriteError) return isLoss(error.errorResponse);
  return error instanceof mongo.MongoServerSelectionError;
}

function translated(failure: Failure, error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  // These quote the address, which may hold a password. Two libraries have a class of this name, so it is the name that counts.
  if (error instanceof Error && error.name === 'MongoParseError') {
    return new ServiceError(failure, 'the address of the database is not well-formed');
  }
  const code = error instanceof mongo.MongoServerError ? error.code : undefined;
  return new ServiceError(failure, `the database could not do its work: ${reasonOf(error)}`, {
    cause: error,
    ...(typeof code === 'number' && { detail: { serverCode: code } }),
  });
}

/**
 * What kind of failure it was, outermost first: each error's class, and the name of its code where the server or the system
 * gives one. Messages stay in the cause: they quote documents.
 */
function reasonOf(error: unknown): string {
  const kinds: unknown[] = [];
  for (let cause = error, depth = 0; cause instanceof Error && depth < MOST_CAUSES; cause = causeOf(cause), depth++) {
    const { codeName, code } = cause as Partial<Record<'codeName' | 'code', unknown>>; // each is looked at below
    kinds.push(cause.name, codeName ?? code);
  }
  const words = kinds.filter((kind) => typeof kind === 'string' && /^(?!Error$)\w{1,64}$/.test(kind));
  return words.length === 0 ? 'for no known reason' : [...new Set(words)].join(', ');
}

const MOST_CAUSES = 5;

/** A bulk write wraps its error; that no server was chosen has its reason with the servers, of which the first is told. */
function causeOf(error: Error): unknown {
  if (error instanceof mongo.MongoBulkWriteError) return error.errorResponse;
  const { reason } = error as Partial<Record<'reason', unknown>>; // of both libraries' errors of this kind
  const { servers } = (reason ?? {}) as { readonly servers?: unknown };
  if (!(servers instanceof Map)) return error.cause;
  return [...servers.values()].map((server: mongo.ServerDescription) => server.error).find(Boolean) ?? error.cause;
}
