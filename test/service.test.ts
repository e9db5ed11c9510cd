import { expect } from 'chai';
import { runEach } from '../src/service.ts';
import { thrownBy } from './support/refusal.ts';

describe('steps that are all run', () => {
  it('come one after the other, whatever becomes of those before; the first failure is told', async () => {
    const done: string[] = [];
    const first = new Error('first');
    const steps = [
      async () => {
        await new Promise(setImmediate);
        done.push('a');
      },
      () => {
        done.push('b');
        throw first;
      },
      () => Promise.reject(new Error('second')),
      () => done.push('c'),
    ];
    expect(await thrownBy(() => runEach(steps))).to.equal(first);
    expect(done).to.deep.equal(['a', 'b', 'c']);
  });

  it('give nothing to tell when none fails', async () => {
    expect(await runEach([() => 1, async () => 2])).to.equal(undefined);
  });
});
