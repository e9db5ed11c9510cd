import { expect } from 'chai';
import { Mongoose, mongo } from 'mongoose';
import { MongoDatabase } from '../../../src/store/mongo/open-database.ts';

/** Of a database that nobody asks. */
const attempts = (longestMs: number) =>
  new MongoDatabase(new Mongoose().createConnection()).attempts('STORE_UNAVAILABLE', longestMs);

describe('an attempt at the database', () => {
  it('that nobody answers fails, and the next one is made all the same', async () => {
    const attempt = attempts(5);
    const error = await attempt(() => new Promise<never>(() => undefined)).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'STORE_UNAVAILABLE' });
    expect(await attempt(async () => 'answered')).to.equal('answered');
  });

  it('that fails tells the kinds of failure, outermost first, and never a message: it may quote a document', async () => {
    const network = new mongo.MongoNetworkError('to 10.0.0.1', {
      cause: Object.assign(new Error('secret'), { code: 'ECONNRESET' }),
    });
    const refused = new mongo.MongoServerError({ code: 13, codeName: 'Unauthorized', errmsg: 'secret' });
    // What became of the others is not asked here.
    const bulk = new mongo.MongoBulkWriteError(network, {} as mongo.BulkWriteResult);
    for (const [failure, reason] of [
      [network, 'MongoNetworkError, ECONNRESET'],
      [refused, 'MongoServerError, Unauthorized'],
      [bulk, 'MongoBulkWriteError, MongoNetworkError, ECONNRESET'],
      [new Error('secret'), 'for no known reason'],
    ] as const) {
      const error = await attempts(1000)(() => Promise.reject(failure)).catch((reason: unknown) => reason);
      expect(error).to.have.property('message', `the database could not do its work: ${reason}`);
    }
  });

  it('without a limit waits for its answer', async () => {
    const attempt = attempts(Number.POSITIVE_INFINITY);
    expect(await attempt(async () => 'answered')).to.equal('answered');
  });
});
