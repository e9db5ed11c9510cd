/**
 * Calls that share commands: a round trip costs the service more than what it carries. What is asked for while a command
 * of its kind is under way goes with the next one, so under load sign-ins share round trips, and alone nobody waits.
 *
 * A command is sent after all the calls that it carries: nobody is answered from what was read before the call.
 */
import { setImmediate } from 'node:timers';

export interface Call<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** One command, whatever it carries: far below the limits of a message. */
const MOST_CALLS = 100;
/** No longer than this does a command hold back the next: one that hangs must not hang the others. */
const HOLDS_MS = 20;

/**
 * @param send settles every call; where it rejects, those that it has not settled are rejected with its error
 * @returns a function that makes one call
 */
export function inBatches<Request, Answer>(
  send: (calls: readonly Call<Request, Answer>[]) => Promise<void>,
): (request: Request) => Promise<Answer> {
  let waiting: Call<Request, Answer>[] = [];
  let isHeld = false;

  function next(): void {
    const calls = waiting.slice(0, MOST_CALLS);
    waiting = waiting.slice(MOST_CALLS);
    if (calls.length === 0) {
      isHeld = false;
      return;
    }
    let isOver = false;
    const goOn = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(hold);
      next();
    };
    const hold = setTimeout(goOn, HOLDS_MS);
    send(calls)
      .catch((error: unknown) => {
        for (const { reject } of calls) reject(error);
      })
      .finally(goOn);
  }

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (isHeld) return;
      isHeld = true;
      setImmediate(next);
    });
}
