/**
 * How long a responder that gave no answer is left alone, so that not every citizen waits for its time-out: 5 seconds
 * after the first failure, twice as long after each further one, 5 minutes at most. Then one question goes out as a
 * probe, and until it ends no other does.
 */
const FIRST_PAUSE_MILLISECONDS = 5000;
const LONGEST_PAUSE_MILLISECONDS = 300_000;

export class ResponderPause {
  /** In a row. */
  #failures = 0;
  #failedAt = 0;
  #isProbing = false;
  /** What was noted so far: a question that began before the last note tells nothing new by failing. */
  #notes = 0;

  /** @returns with what to note its failure, when a question may go out at this time */
  admit(at: Date): number | undefined {
    if (this.#failures === 0) return this.#notes;
    if (this.#isProbing || this.#lastsAt(at)) return undefined;
    this.#isProbing = true;
    return this.#notes;
  }

  noteAnswer(): void {
    this.#failures = 0;
    this.#isProbing = false;
    this.#notes++;
  }

  /** Of many questions that fail together, the first counts. @param admitted what `admit` gave for this question */
  noteFailure(admitted: number, at: Date): void {
    if (admitted !== this.#notes) return;
    this.#failures++;
    this.#failedAt = at.getTime();
    this.#isProbing = false;
    this.#notes++;
  }

  #lastsAt(at: Date): boolean {
    const pause = Math.min(
      LONGEST_PAUSE_MILLISECONDS,
      FIRST_PAUSE_MILLISECONDS * 2 ** Math.min(this.#failures - 1, 20),
    );
    const elapsed = at.getTime() - this.#failedAt;
    // A clock that was set back makes no pause longer.
    return elapsed < pause && elapsed > -pause;
  }
}
