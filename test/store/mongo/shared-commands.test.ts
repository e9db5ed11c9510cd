/**
 * What goes together as one command: each call has an answer of its own.
 */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { ServiceError } from '../../../src/errors.ts';
import { type MongoDatabase, openMongoDatabase } from '../../../src/store/mongo/open-database.ts';
import { SharedReads } from '../../../src/store/mongo/shared-reads.ts';
import { sharedWrites, type Write } from '../../../src/store/mongo/shared-writes.ts';
import { Turns } from '../../../src/store/mongo/turns.ts';
import { discardDatabase, freshDatabase, MONGODB_URL } from '../../support/mongo-database.ts';
import { expectRefusal } from '../../support/refusal.ts';

interface Stored {
  _id: string;
  value?: number;
  text?: string;
  expiresAt?: Date;
}

describe('shared commands', () => {
  let url: string;
  let database: MongoDatabase;
  let reads: SharedReads;
  let write: Write<Stored>;
  let commands: number;

  before(function () {
    if (MONGODB_URL === undefined) this.skip();
  });

  beforeEach(async () => {
    url = freshDatabase(MONGODB_URL ?? '');
    database = await openMongoDatabase(url);
    const turns = new Turns();
    const attempt = database.attempts('STORE_UNAVAILABLE');
    reads = new SharedReads(turns, attempt);
    write = sharedWrites(turns, collection('first'), attempt);
    await collection('first').insertMany([
      { _id: 'a', value: 1 },
      { _id: 'b', text: 'a text' },
    ]);
    await collection('second').insertOne({ _id: 'a', value: 2, text: 'another text' });
    commands = 0;
    // Each command takes a connection.
    database.connection.getClient().on('connectionCheckedOut', () => commands++);
  });

  afterEach(async () => {
    await database.close();
    await discardDatabase(url);
  });

  function collection(name: string): mongo.Collection<Stored> {
    return database.connection.db?.collection<Stored>(name) ?? expect.fail('the connection stands');
  }

  it('reads of several collections, each of its own, are one', async () => {
    const [first, second] = [reads.of(collection('first')), reads.of(collection('second'), { value: 1 })];
    const none = reads.of(collection('none'));
    const found = await Promise.all([first('a'), first('b'), first('c'), second('a'), second('b'), none('a')]);
    expect(commands).to.equal(1);
    expect(found[0]).to.deep.equal({ _id: 'a', value: 1 });
    expect(found[1]).to.deep.equal({ _id: 'b', text: 'a text' });
    expect(found[3]).to.include({ _id: 'a', value: 2 }).and.to.not.have.property('text');
    for (const absent of [2, 4, 5]) expect(found[absent]).to.equal(undefined);
  });

  it('reads of one collection are one, and of its documents what was asked for', async () => {
    const read = reads.of(collection('second'), { text: 1 });
    expect(await Promise.all([read('a'), read('a'), read('b')])).to.deep.equal([
      { _id: 'a', text: 'another text' },
      { _id: 'a', text: 'another text' },
      undefined,
    ]);
    expect(commands).to.equal(1);
  });

  it('writes are one, and each hears whether it inserted, updated, or met a document that is not as it wants', async () => {
    const condition = { value: { $exists: false } };
    const update = { $set: { value: 3 } };
    const outcomes = await Promise.all([
      write({ id: 'a', condition, update }),
      write({ id: 'b', condition, update }),
      write({ id: 'c', condition, update }),
      write({ id: 'd', update: 'removal' }),
    ]);
    expect(commands).to.equal(1);
    expect(outcomes).to.deep.equal(['duplicate', 'updated', 'inserted', 'inserted']);
    expect(await write({ id: 'b', update: 'removal' })).to.equal('updated');
    const [a, b, c, d] = await collection('first').find().sort({ _id: 1 }).toArray();
    expect([a, c]).to.deep.equal([
      { _id: 'a', value: 1 },
      { _id: 'c', value: 3 },
    ]);
    for (const removed of [b, d]) expect(removed).to.have.all.keys('_id', 'expiresAt');
  });

  for (const [what, refused] of [
    ['the server refuses', { id: 'b', update: { $inc: { text: 1 } as never } }],
    ['is too long for a document', { id: 'b', update: { $set: { text: 'x'.repeat(17 * 1024 * 1024) } } }],
  ] as const) {
    it(`a write that ${what} concerns its own caller alone`, async () => {
      const [before, , after] = await Promise.all([
        write({ id: 'a', update: { $set: { value: 3 } } }),
        expectRefusal(() => write(refused), ServiceError, 'STORE_UNAVAILABLE'),
        write({ id: 'c', update: { $set: { value: 4 } } }),
      ]);
      expect([before, after]).to.deep.equal(['updated', 'inserted']);
      expect(await collection('first').findOne({ _id: 'b' })).to.deep.equal({ _id: 'b', text: 'a text' });
    });
  }
});
