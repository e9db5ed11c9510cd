/**
 * When to write what waits: a commit costs more than a statement, and more than a turn of the event loop, so writes wait
 * for each other as long as turns bring more of them. Alone, a write waits for one empty turn; under load, those who sign
 * in at the same time share commits.
 */

/** A bound for the wait of the first write, whatever comes after it. */
const MOST_TURNS = 8;

/**
 * Calls `write` once, after a turn of the event loop in which nothing was added.
 * @param countWaiting how many writes wait now
 */
export function afterQuietTurn(countWaiting: () => number, write: () => void): void {
  const wait = (turn: number, before: number): void => {
    setImmediate(() => {
      const waiting = countWaiting();
      if (waiting > before && turn < MOST_TURNS) wait(turn + 1, waiting);
      else write();
    });
  };
  wait(1, 0);
}
