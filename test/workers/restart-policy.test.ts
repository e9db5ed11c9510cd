import { expect } from 'chai';
import { RestartPolicy } from '../../src/workers/restart-policy.ts';

describe('the replacement of a worker that ended', () => {
  const EARLY = 59_999;
  const STEADY = 60_000;
  /** Decides about workers of which each is started when the one before has ended. */
  const oneAfterTheOther = (policy: RestartPolicy) => {
    let endedAtMs = 0;
    return (livedMs: number, othersServing: number) => {
      endedAtMs += livedMs;
      return policy.decide({ livedMs, endedAtMs, othersServing });
    };
  };
  const pauses = (policy: RestartPolicy, lives: readonly number[]) => {
    const decide = oneAfterTheOther(policy);
    return lives.map((livedMs) => decide(livedMs, 1));
  };

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
    const decide = oneAfterTheOther(new RestartPolicy());
    for (let count = 0; count < 4; count++) expect(decide(EARLY, 0)).not.to.equal('give-up');
    expect(decide(EARLY, 1)).not.to.equal('give-up');
    expect(decide(EARLY, 0)).to.equal('give-up');
    expect(decide(STEADY, 0)).to.deep.equal({ afterMs: 0 });
  });

  it('takes workers that end at one blow for one: none of them was started in vain', () => {
    const policy = new RestartPolicy();
    const decide = (startedAtMs: number, endedAtMs: number, othersServing: number) =>
      policy.decide({ livedMs: endedAtMs - startedAtMs, endedAtMs, othersServing });
    for (const othersServing of [5, 4, 3, 2, 1, 0]) {
      expect(decide(1, 1000 - othersServing, othersServing)).to.deep.equal({ afterMs: 0 });
    }
    const next = [1001, 1002, 1003].map((startedAtMs) => decide(startedAtMs, startedAtMs + 1, 0));
    expect(next).to.deep.equal([500, 1000, 2000].map((afterMs) => ({ afterMs })));
    expect(decide(1004, 1005, 0)).to.equal('give-up');
  });
});
