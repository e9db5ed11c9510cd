import { expect } from 'chai';
import { hasEnded, notBeforeNow, recentNotBefore } from '../src/not-before.ts';
import { memoryNotBefore, testClock } from './support/ports.ts';

describe('not before', () => {
  it('ends what is of an earlier second or the same, and nothing later', () => {
    expect([99, 100, 101].map((at) => hasEnded(at, 100))).to.deep.equal([true, true, false]);
    expect(hasEnded(Number.NaN, 100), 'a time that is none').to.equal(true);
    expect(hasEnded(100), 'no mark').to.equal(false);
    expect(hasEnded(100, undefined)).to.equal(false);
  });

  it('the latest of several ends, in whatever order they stand', () => {
    const marks = [100, undefined, 50];
    for (const order of [marks, marks.toReversed(), [undefined, 50, 100], [50, 100]]) {
      expect(hasEnded(100, ...order), String(order)).to.equal(true);
      expect(hasEnded(101, ...order), String(order)).to.equal(false);
    }
  });

  it('is a whole second', () => {
    expect(notBeforeNow(() => new Date('2026-11-02T10:00:00.999Z'))).to.equal(
      Date.parse('2026-11-02T10:00:00Z') / 1000,
    );
  });

  describe('for everybody, as it was read a moment ago', () => {
    it('counts after a tenth of a second', async () => {
      const store = memoryNotBefore();
      const { clock, advance } = testClock();
      const find = recentNotBefore(store, clock);
      expect(await find()).to.equal(undefined);
      await store.raise(100);
      advance(99);
      expect(await find()).to.equal(undefined);
      advance(1);
      expect(await find()).to.equal(100);
    });

    it('is read again where the clock was set back', async () => {
      const store = memoryNotBefore();
      const { clock, advance } = testClock();
      const find = recentNotBefore(store, clock);
      await find();
      await store.raise(100);
      advance(-100);
      expect(await find()).to.equal(100);
    });

    it('that cannot be read refuses, and is asked for again', async () => {
      let isFailing = true;
      const failing = { ...memoryNotBefore(), find: async () => (isFailing ? Promise.reject(new Error('gone')) : 100) };
      const find = recentNotBefore(failing, testClock().clock);
      const error: unknown = await find().catch((caught: unknown) => caught);
      expect(error).to.be.an('error');
      isFailing = false;
      expect(await find()).to.equal(100);
    });
  });
});
