/**
 * Calls that share commands. Each command here is answered by hand, so nothing depends on time but the hold itself.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { type Call, Turns } from '../../../src/store/mongo/turns.ts';

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
    call = new Turns().sharing((calls: readonly Call<number, number>[]) => {
      return new Promise<void>((resolve, reject) => {
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

  it('of several kinds are one turn: each kind has a command of its own, and waits for the others', async () => {
    const turns = new Turns();
    const sent: string[] = [];
    const answers = new Map<string, () => void>();
    const kind = (name: string) =>
      turns.sharing<number, string>((calls) => {
        sent.push(`${name} ${calls.map(({ request }) => request)}`);
        return new Promise((resolve) =>
          answers.set(name, () => {
            for (const call of calls) call.resolve(name);
            resolve();
          }),
        );
      });
    const [read, write] = [kind('read'), kind('write')];
    const first = [read(1), write(1), read(2)];
    while (sent.length < 2) await setImmediate();
    expect(sent).to.deep.equal(['read 1,2', 'write 1']);
    answers.get('read')?.();
    expect(await first[0]).to.equal('read');
    const next = read(3);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    expect(sent).to.have.length(2);
    answers.get('write')?.();
    while (sent.length < 3) await setImmediate();
    expect(sent[2]).to.equal('read 3');
    answers.get('read')?.();
    expect(await next).to.equal('read');
  });

  it('of one kind that fails say nothing of another kind', async () => {
    const turns = new Turns();
    const failing = turns.sharing<number, number>(() => Promise.reject(new Error('lost')));
    const other = turns.sharing<number, number>(async (calls) => {
      await setImmediate();
      for (const { request, resolve } of calls) resolve(request);
    });
    const [failed, answered] = await Promise.allSettled([failing(1), other(2)]);
    expect(failed.status).to.equal('rejected');
    expect(answered).to.deep.equal({ status: 'fulfilled', value: 2 });
  });
});
