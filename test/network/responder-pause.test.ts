import { expect } from 'chai';
import { ResponderPause } from '../../src/network/responder-pause.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 5, 1) + seconds * 1000);

describe('the pause of a responder that gives no answer', () => {
  /** A question that goes out at this time, and fails at another. */
  const fail = (pause: ResponderPause, askedAt: number, failedAt = askedAt): void =>
    pause.noteFailure(pause.admit(at(askedAt)) ?? expect.fail('not admitted'), at(failedAt));
  const isOpen = (pause: ResponderPause, seconds: number): boolean => pause.admit(at(seconds)) !== undefined;

  it('does not exist before the first failure', () => {
    const pause = new ResponderPause();
    expect([isOpen(pause, 0), isOpen(pause, 0)]).to.deep.equal([true, true]);
  });

  it('begins when the question failed, and takes 5 seconds', () => {
    const pause = new ResponderPause();
    fail(pause, 0, 10);
    expect(isOpen(pause, 10)).to.equal(false);
    expect(isOpen(pause, 14.999)).to.equal(false);
    expect(isOpen(pause, 15)).to.equal(true);
  });

  it('doubles with each failure, up to 5 minutes', () => {
    const pause = new ResponderPause();
    let now = 0;
    fail(pause, now);
    for (const seconds of [5, 10, 20, 40, 80, 160, 300, 300, 300]) {
      expect(isOpen(pause, now + seconds - 0.001)).to.equal(false);
      now += seconds;
      fail(pause, now);
    }
  });

  it('ends with one question, and with the others only when that one has an answer', () => {
    const pause = new ResponderPause();
    fail(pause, 0);
    expect(isOpen(pause, 5)).to.equal(true);
    expect(isOpen(pause, 5)).to.equal(false);
    expect(isOpen(pause, 3600)).to.equal(false);
    pause.noteAnswer();
    expect([isOpen(pause, 5), isOpen(pause, 5)]).to.deep.equal([true, true]);
  });

  it('is short again after an answer', () => {
    const pause = new ResponderPause();
    fail(pause, 0);
    fail(pause, 5);
    pause.noteAnswer();
    fail(pause, 6);
    expect(isOpen(pause, 11)).to.equal(true);
  });

  it('does not grow when questions that went out together fail together', () => {
    const pause = new ResponderPause();
    const together = [pause.admit(at(0)), pause.admit(at(0)), pause.admit(at(0))];
    for (const admitted of together) pause.noteFailure(admitted ?? expect.fail('not admitted'), at(1));
    expect(isOpen(pause, 5.999)).to.equal(false);
    expect(isOpen(pause, 6)).to.equal(true);
  });

  it('does not begin by a question that went out before another had an answer', () => {
    const pause = new ResponderPause();
    const admitted = pause.admit(at(0)) ?? expect.fail('not admitted');
    pause.noteAnswer();
    pause.noteFailure(admitted, at(5));
    expect(isOpen(pause, 5)).to.equal(true);
  });

  it('is no longer when the clock is set back', () => {
    const pause = new ResponderPause();
    fail(pause, 3600);
    expect(isOpen(pause, 3599)).to.equal(false);
    expect(isOpen(pause, 0)).to.equal(true);
  });
});
