/**
 * When a worker that ended by itself is replaced: at once the first time, later and later while workers go on to end
 * early, and not any more when none is left and no start succeeds. Pure: times are arguments.
 *
 * Workers that end at one blow, as all of them do when the machine is out of memory, say no more than one of them: only
 * one that was started after the last end shows that a start was of no use.
 */

/** A worker that lived for so long says nothing about the next one. */
const STEADY_AFTER_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** So many early ends in a row, with no worker left, end the service. */
const MOST_EARLY_ENDS = 5;

export interface EndedWorker {
  readonly livedMs: number;
  /** On any clock that does not go back. */
  readonly endedAtMs: number;
  /** Workers that still serve. */
  readonly othersServing: number;
}

export type Restart = { readonly afterMs: number } | 'give-up';

export class RestartPolicy {
  #earlyEnds = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  /** What to do about a worker that ended without having been told to. */
  decide({ livedMs, endedAtMs, othersServing }: EndedWorker): Restart {
    if (livedMs >= STEADY_AFTER_MS) this.#earlyEnds = 0;
    else if (endedAtMs - livedMs >= this.#countedAtMs) {
      this.#earlyEnds += 1;
      this.#countedAtMs = endedAtMs;
    }
    if (this.#earlyEnds >= MOST_EARLY_ENDS && othersServing === 0) return 'give-up';
    if (this.#earlyEnds <= 1) return { afterMs: 0 };
    return { afterMs: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#earlyEnds - 2, 20)) };
  }
}
