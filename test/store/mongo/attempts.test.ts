import { expect } from 'chai';
import { Mongoose } from 'mongoose';
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

  it('without a limit waits for its answer', async () => {
    const attempt = attempts(Number.POSITIVE_INFINITY);
    expect(await attempt(async () => 'answered')).to.equal('answered');
  });
});
