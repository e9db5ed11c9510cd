/**
 * Whether the database can be reached, as far as is known. A request that finds it lost has waited for as long as the
 * driver does; those that come later are refused at once, until a probe sees the database again: a citizen's request
 * has several questions for the store, and must not wait once for each.
 */
import { setTimeout } from 'node:timers/promises';

/** A probe waits for the database itself; this is for one that fails at once. */
const PAUSE_MS = 250;

export class Reachability {
  readonly #probe: () => Promise<unknown>;
  readonly #pause: () => Promise<unknown>;
  #loss: Error | undefined;
  #isEnded = false;

  /**
   * @param probe resolves when the database answers
   * @param pause for tests
   */
  constructor(
    probe: () => Promise<unknown>,
    pause = (): Promise<unknown> => setTimeout(PAUSE_MS, null, { ref: false }),
  ) {
    this.#probe = probe;
    this.#pause = pause;
  }

  /** What was found when the database was lost; undefined while it is not known to be. */
  get loss(): Error | undefined {
    return this.#loss;
  }

  noteLoss(error: Error): void {
    if (this.#loss !== undefined || this.#isEnded) return;
    this.#loss = error;
    void this.#lookUntilSeen();
  }

  /** No probe begins any more. */
  end(): void {
    this.#isEnded = true;
  }

  async #lookUntilSeen(): Promise<void> {
    while (!this.#isEnded) {
      try {
        await this.#probe();
        this.#loss = undefined;
        return;
      } catch {
        await this.#pause(); // it is still lost
      }
    }
  }
}
