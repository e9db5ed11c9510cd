import { expect } from 'chai';
import { RestartPolicy } from '../../src/workers/restart-policy.ts';

describe('the replacement of a worker that ended', () => {
  const EARLY = 59_999;
  const STEADY = 60_000;
  const pauses = (policy: RestartPolicy, lives: readonly number[]) =>
    lives.map((livedMs) => policy.decide({ livedMs, othersServing: 1 }));

  it('comes at once the first time, then after pauses that double up to half a minute', () => {
    const found = pauses(
      new RestartPolicy(),
      Array.from({ length: 10 }, () => EARLY),
    );
    const expected = [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000].map((afterMs) => ({ afterMs }));
    expect(found).to.deep.equal(expected);
  });

  it('comes at once again after a worker that lived for a minute', () => {
    const found = pauses(new RestartPolicy(), [EARLY, EARLY, STEADY, EARLY]);
    expect(found).to.deep.equal([0, 500, 0, 0].map((afterMs) => ({ afterMs })));
  });

  it('is given up at the fifth early end in a row when no worker is left, and only then', () => {
    const alone = new RestartPolicy();
    const decide = (livedMs: number, othersServing = 0) => alone.decide({ livedMs, othersServing });
    for (let count = 0; count < 4; count++) expect(decide(EARLY)).not.to.equal('give-up');
    expect(decide(EARLY, 1)).not.to.equal('give-up');
    expect(decide(EARLY)).to.equal('give-up');
    expect(decide(STEADY)).to.deep.equal({ afterMs: 0 });
  });
});
