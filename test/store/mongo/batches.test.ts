/**
 * Calls that share commands. Each command here is answered by hand, so nothing depends on time but the hold itself.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { type Call, inBatches } from '../../../src/store/mongo/batches.ts';

interface Command {
  readonly requests: readonly number[];
  /** Answers each call with its request. */
  answer(): void;
  fail(error: Error): void;
}

describe('calls that share commands', () => {
  let commands: Command[];
  let call: (request: number) => Promise<number>;

  beforeEach(() => {
    commands = [];
    call = inBatches((calls: readonly Call<number, number>[]) => {
      return new Promise((resolve, reject) => {
        commands.push({
          requests: calls.map(({ request }) => request),
          answer() {
            for (const { request, resolve: settle } of calls) settle(request);
            resolve();
          },
          fail: reject,
        });
      });
    });
  });

  const requests = () => commands.map((command) => command.requests);
  /** Until so many commands were sent. */
  async function sent(count: number): Promise<void> {
    while (commands.length < count) await setImmediate();
  }

  it('those of one turn go together, and each gets its own answer', async () => {
    const answers = Promise.all([call(1), call(2)]);
    await sent(1);
    expect(requests()).to.deep.equal([[1, 2]]);
    commands[0]?.answer();
    expect(await answers).to.deep.equal([1, 2]);
  });

  it('one that comes while a command is under way is never answered by it', async () => {
    const first = call(1);
    await sent(1);
    const later = call(2);
    commands[0]?.answer();
    await first;
    await sent(2);
    expect(requests()).to.deep.equal([[1], [2]]);
    commands[1]?.answer();
    expect(await later).to.equal(2);
  });

  it('a command that is not answered holds back the next for a moment only', async () => {
    const hanging = call(1);
    await sent(1);
    const next = call(2);
    await sent(2);
    commands[1]?.answer();
    expect(await next).to.equal(2);
    commands[0]?.answer();
    expect(await hanging).to.equal(1);
  });

  it('a command that fails concerns its own calls alone', async () => {
    const failing = Promise.allSettled([call(1), call(2)]);
    await sent(1);
    const next = call(3);
    const error = new Error('lost');
    commands[0]?.fail(error);
    expect(await failing).to.deep.equal([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    await sent(2);
    commands[1]?.answer();
    expect(await next).to.equal(3);
  });

  it('more than a command carries go in several', async () => {
    const all = Promise.all(Array.from({ length: 250 }, (_, number) => call(number)));
    for (let count = 1; count <= 3; count++) {
      await sent(count);
      commands[count - 1]?.answer();
    }
    expect(await all).to.have.length(250);
    expect(requests().map(({ length }) => length)).to.deep.equal([100, 100, 50]);
  });
});
