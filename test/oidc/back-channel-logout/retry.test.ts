import { expect } from 'chai';
import { type FailedAttempt, retryTime, standstill } from '../../../src/oidc/back-channel-logout/retry.ts';

const AT = new Date('2026-11-02T10:00:00.000Z');
const UNTIL = new Date(AT.getTime() + 86_400_000);

const secondsUntilRetry = (failed: FailedAttempt, { chance = 0.5, until = UNTIL } = {}): number | undefined => {
  const retryAt = retryTime(failed, { at: AT, until, chance });
  return retryAt && (retryAt.getTime() - AT.getTime()) / 1000;
};
const timeout = (attempts: number): FailedAttempt => ({ code: 'FETCH_TIMEOUT', attempts });
const answered = (status: number, attempts: number): FailedAttempt => ({ code: 'FETCH_FAILED', status, attempts });

describe('when a notice of logout is tried again', () => {
  it('after pauses that double, up to an hour', () => {
    const pauses = [1, 2, 3, 10, 11, 100].map((attempts) => secondsUntilRetry(timeout(attempts)));
    expect(pauses).to.deep.equal([5, 10, 20, 2560, 3600, 3600]);
  });

  it('a quarter sooner or later, by chance', () => {
    expect([0, 1].map((chance) => secondsUntilRetry(timeout(1), { chance }))).to.deep.equal([3.75, 6.25]);
  });

  it('while its time is not over: at its last moment, and not after', () => {
    const until = new Date(AT.getTime() + 5000);
    expect(secondsUntilRetry(timeout(1), { until })).to.equal(5);
    expect(secondsUntilRetry(timeout(1), { until: new Date(until.getTime() - 1) })).to.equal(undefined);
  });

  for (const [reason, failed] of [
    ['a token that is refused, or a logout that failed (2.8)', (n: number) => answered(400, n)],
    ['an address that is not there', (n: number) => answered(404, n)],
    ['a redirect, or an address out of bounds', (n: number) => ({ code: 'FETCH_REFUSED' as const, attempts: n })],
    ['a portal that is gone', (n: number) => ({ code: 'PORTAL_UNKNOWN' as const, attempts: n })],
  ] as const) {
    it(`five times at the most for ${reason}`, () => {
      expect(secondsUntilRetry(failed(4))).to.equal(40);
      expect(secondsUntilRetry(failed(5))).to.equal(undefined);
    });
  }

  for (const status of [408, 425, 429, 500, 503]) {
    it(`for as long as there is time, for ${status}`, () => {
      expect(secondsUntilRetry(answered(status, 50))).to.equal(3600);
    });
  }
});

describe('how long a portal that cannot be reached is left alone', () => {
  const secondsAlone = (failed: FailedAttempt, retryAfter: number): number | undefined => {
    const until = standstill(failed, new Date(AT.getTime() + retryAfter * 1000), AT);
    return until && (until.getTime() - AT.getTime()) / 1000;
  };

  it('until the notice is tried again, and a minute at the most', () => {
    expect(secondsAlone(timeout(1), 5)).to.equal(5);
    expect(secondsAlone({ code: 'FETCH_FAILED', attempts: 1 }, 3600)).to.equal(60);
  });

  it('not at all where it answered, or was not asked', () => {
    expect(secondsAlone(answered(503, 1), 5)).to.equal(undefined);
    expect(secondsAlone({ code: 'FETCH_REFUSED', attempts: 1 }, 5)).to.equal(undefined);
    expect(secondsAlone({ code: 'INTERNAL', attempts: 1 }, 5)).to.equal(undefined);
  });
});
