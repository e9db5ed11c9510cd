/**
 * Port: counters that every process of the service shares, so that a limit is one limit however many processes serve.
 */

export interface RateCount {
  readonly points: number;
  /** When the window of this counter ends. */
  readonly expiresAt: Date;
}

export interface RateLimitStore {
  /**
   * Adds to the counter `key` in one step that no other addition can come between, and returns what it then is. A counter
   * that is new, or whose window has ended by `at`, begins with these points and ends at `expiresAt`; one that runs keeps
   * its end, unless `expiresAt` is before it: a counter that was begun by a clock far ahead ends one window from now.
   */
  add(key: string, points: number, at: Date, expiresAt: Date): Promise<RateCount>;
}
