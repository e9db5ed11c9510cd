/**
 * When a worker that ended by itself is replaced: at once the first time, later and later while workers go on to end
 * early, and not any more when none is left and no start succeeds. Pure: how long a worker lived is an argument.
 */

/** A worker that lived for so long says nothing about the next one. */
const STEADY_AFTER_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** So many early ends in a row, with no worker left, end the service. */
const MOST_EARLY_ENDS = 5;

export interface EndedWorker {
  readonly livedMs: number;
  /** Workers that still serve. */
  readonly othersServing: number;
}

export type Restart = { readonly afterMs: number } | 'give-up';

export class RestartPolicy {
  #earlyEnds = 0;

  /** What to do about a worker that ended without having been told to. */
  decide({ livedMs, othersServing }: EndedWorker): Restart {
    this.#earlyEnds = livedMs >= STEADY_AFTER_MS ? 0 : this.#earlyEnds + 1;
    if (this.#earlyEnds >= MOST_EARLY_ENDS && othersServing === 0) return 'give-up';
    if (this.#earlyEnds <= 1) return { afterMs: 0 };
    return { afterMs: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#earlyEnds - 2, 20)) };
  }
}
