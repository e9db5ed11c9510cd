/**
 * A server that speaks just enough of MongoDB's protocol (OP_MSG) for the start of the store, and finds first and updates
 * afterwards, as FerretDB 1.24 does: several callers can use one record up. It has no index but the one of `_id`.
 */
import { createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { mongo } from 'mongoose';

type Fields = Readonly<Record<string, unknown>>;
type Stored = Record<string, unknown>;

/** Of an update command; each is an upsert. */
interface Update {
  readonly q: Fields;
  readonly u: Readonly<Record<string, Fields>>;
}

const OP_MSG = 2013;
const OP_QUERY = 2004;
const OP_REPLY = 1;
const HEADER_OCTETS = 16;
const HELLO = { ok: 1, helloOk: true, isWritablePrimary: true, ismaster: true, minWireVersion: 0, maxWireVersion: 21 };
const NOT_IMPLEMENTED = { ok: 0, code: 238, codeName: 'NotImplemented', errmsg: 'the option is not implemented' };

export interface RacingDatabase {
  readonly url: string;
  close(): Promise<void>;
}

/** @param isRacing false: one caller wins, and only the kinds of index are missing */
export async function startRacingDatabase({ isRacing }: { readonly isRacing: boolean }): Promise<RacingDatabase> {
  const collections = new Map<string, Map<string, Stored>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        void answer(message).then((reply) => socket.write(reply));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');

  async function answer(message: Buffer): Promise<Buffer> {
    const requestId = message.readInt32LE(4);
    if (message.readInt32LE(12) === OP_QUERY) return envelope(requestId, OP_REPLY, replyBody(HELLO));
    return envelope(requestId, OP_MSG, messageBody(await run(commandOf(message))));
  }

  function collectionOf(name: unknown): Map<string, Stored> {
    const collection = collections.get(String(name)) ?? new Map<string, Stored>();
    collections.set(String(name), collection);
    return collection;
  }

  async function runUpdate(
    collection: Map<string, Stored>,
    { q, u }: Update,
  ): Promise<'inserted' | 'updated' | 'duplicate'> {
    const _id = idIn(q);
    const found = collection.get(_id);
    if (found !== undefined && !meets(found, q)) return 'duplicate';
    if (isRacing) await setImmediate(); // here others find it too
    const isReplaced = !Object.keys(u).some((name) => name.startsWith('$'));
    if (isReplaced) collection.set(_id, { _id, ...u });
    else collection.set(_id, { ...(found ?? { _id, ...u.$setOnInsert }), ...u.$set });
    return found ? 'updated' : 'inserted';
  }

  async function run(command: Fields): Promise<Fields> {
    const [name = ''] = Object.keys(command);
    const collection = collectionOf(command[name]);
    switch (name) {
      case 'hello':
      case 'ismaster':
        return HELLO;
      case 'buildInfo':
        return { ok: 1, version: '7.0.42' };
      case 'insert':
        for (const document of command.documents as Stored[]) collection.set(String(document._id), document);
        return { ok: 1, n: (command.documents as Stored[]).length };
      case 'update': {
        const updates = command.updates as readonly Update[];
        const outcomes = [];
        for (const update of updates) outcomes.push(await runUpdate(collection, update));
        const placed = outcomes.map((outcome, index) => ({ outcome, index, _id: idIn(updates[index]?.q ?? {}) }));
        const upserted = placed
          .filter(({ outcome }) => outcome === 'inserted')
          .map(({ index, _id }) => ({ index, _id }));
        const writeErrors = placed
          .filter(({ outcome }) => outcome === 'duplicate')
          .map(({ index }) => ({ index, code: 11000, errmsg: 'duplicate key' }));
        const n = updates.length - writeErrors.length;
        return { ok: 1, n, nModified: n - upserted.length, upserted, ...(writeErrors.length > 0 && { writeErrors }) };
      }
      case 'delete':
        return { ok: 1, n: 0 };
      case 'find': {
        const { _id } = command.filter as { readonly _id?: string | { readonly $in: readonly string[] } };
        const ids = typeof _id === 'string' ? [_id] : (_id?.$in ?? []);
        const found = ids.map((id) => collection.get(id));
        const firstBatch = found.filter((stored) => stored !== undefined);
        return { ok: 1, cursor: { id: mongo.BSON.Long.ZERO, ns: 'test.any', firstBatch } };
      }
      case 'createIndexes':
        return (command.indexes as Fields[]).some((index) => 'expireAfterSeconds' in index)
          ? NOT_IMPLEMENTED
          : { ok: 1 };
      case 'listIndexes': {
        const firstBatch = [{ v: 2, key: { expiresAt: 1 }, name: 'expiresAt_1' }];
        return { ok: 1, cursor: { id: mongo.BSON.Long.ZERO, ns: 'test.any', firstBatch } };
      }
      default:
        return { ok: 1 };
    }
  }

  return {
    url: `mongodb://127.0.0.1:${address.port}/test`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function idIn({ _id: id }: Fields): string {
  return String(typeof id === 'object' && id !== null && '$eq' in id ? id.$eq : id);
}

/** As far as whether members exist. */
function meets(stored: Stored, condition: Fields): boolean {
  return Object.entries(condition).every(([name, wanted]) => {
    const isThere = typeof wanted === 'object' && wanted !== null && '$exists' in wanted ? wanted.$exists : undefined;
    return isThere === undefined || isThere === name in stored;
  });
}

/** The body of an OP_MSG, with its document sequences (kind 1) as members. */
function commandOf(message: Buffer): Fields {
  const command: Stored = {};
  for (let at = HEADER_OCTETS + 4; at < message.length; ) {
    const kind = message[at++];
    const end = at + message.readInt32LE(at);
    if (kind === 0) {
      Object.assign(command, mongo.BSON.deserialize(message.subarray(at, end)));
      at = end;
      continue;
    }
    const nameEnd = message.indexOf(0, at + 4);
    const documents: unknown[] = [];
    for (let document = nameEnd + 1; document < end; document += message.readInt32LE(document)) {
      documents.push(mongo.BSON.deserialize(message.subarray(document, document + message.readInt32LE(document))));
    }
    command[message.toString('utf8', at + 4, nameEnd)] = documents;
    at = end;
  }
  return command;
}

/** No flags, one section of kind 0. */
function messageBody(reply: Fields): Buffer {
  return Buffer.concat([Buffer.alloc(5), mongo.BSON.serialize(reply)]);
}

/** Flags, cursor and start of nothing; one document. */
function replyBody(reply: Fields): Buffer {
  const fixed = Buffer.alloc(20);
  fixed.writeInt32LE(1, 16);
  return Buffer.concat([fixed, mongo.BSON.serialize(reply)]);
}

function envelope(responseTo: number, opCode: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_OCTETS);
  header.writeInt32LE(HEADER_OCTETS + body.length, 0);
  header.writeInt32LE(responseTo, 8);
  header.writeInt32LE(opCode, 12);
  return Buffer.concat([header, body]);
}
