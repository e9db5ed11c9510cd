/**
 * Calls that share commands: a round trip costs the service more than what it carries. They go in turns. A turn is one
 * command of each kind that is asked for; what is asked for while a turn is under way goes with the next one. So under load
 * the citizens who sign in take their steps together and share the round trips, and alone nobody waits.
 *
 * A command is sent after all the calls that it carries: nobody is answered from what was read before the call. Each call
 * is answered with its own command, whatever the others of the turn still wait for.
 */
import { setImmediate } from 'node:timers';

export interface Call<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Settles every call; where it rejects, those that it has not settled are rejected with its error. */
type Send<Request, Answer> = (calls: readonly Call<Request, Answer>[]) => Promise<void>;

/** One command, whatever it carries: far below the limits of a message. */
const MOST_CALLS = 100;
/** No longer than this does a turn hold back the next: a command that hangs must not hang the others. */
const HOLDS_MS = 20;

export class Turns {
  /** Each sends what waits of its kind; undefined where nothing does. */
  readonly #kinds: (() => Promise<void> | undefined)[] = [];
  #isUnderWay = false;

  /** @returns a function that makes one call of a kind of its own */
  sharing<Request, Answer>(send: Send<Request, Answer>): (request: Request) => Promise<Answer> {
    let waiting: Call<Request, Answer>[] = [];
    this.#kinds.push(() => {
      const calls = waiting.slice(0, MOST_CALLS);
      waiting = waiting.slice(MOST_CALLS);
      if (calls.length === 0) return undefined;
      return send(calls).catch((error: unknown) => {
        for (const { reject } of calls) reject(error);
      });
    });
    return (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        if (this.#isUnderWay) return;
        this.#isUnderWay = true;
        setImmediate(() => this.#next());
      });
  }

  #next(): void {
    const commands = this.#kinds.map((sendWaiting) => sendWaiting()).filter((command) => command !== undefined);
    if (commands.length === 0) {
      this.#isUnderWay = false;
      return;
    }
    let isOver = false;
    const goOn = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(hold);
      // Whoever was answered just now takes the next step with the others.
      setImmediate(() => this.#next());
    };
    const hold = setTimeout(goOn, HOLDS_MS);
    void Promise.all(commands).then(goOn);
  }
}
