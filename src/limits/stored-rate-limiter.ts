/**
 * rate-limiter-flexible over the port RateLimitStore: fixed windows, counted in the store. A key whose points are spent is
 * remembered in this process until its window ends, so that a flood costs the store nothing more.
 */
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes.js';
import RateLimiterStoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js';
import type { Clock } from '../clock.ts';
import type { RateCount, RateLimitStore } from './rate-limit-store.ts';

/** So many points in so many seconds. */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
}

export type Counted =
  | { readonly outcome: 'within' }
  /** `isFirst` for exactly one count of a window, whichever process it is in. */
  | { readonly outcome: 'spent'; readonly retryAfterSeconds: number; readonly isFirst: boolean };

export class StoredRateLimiter extends RateLimiterStoreAbstract<RateCount> {
  readonly #store: RateLimitStore;
  readonly #clock: Clock;

  /** @param prefix of the keys in the store: limiters of different kinds never share a counter */
  constructor(prefix: string, { points, seconds }: RateLimit, store: RateLimitStore, clock: Clock) {
    super({ points, duration: seconds, keyPrefix: prefix, inMemoryBlockOnConsumed: points + 1 });
    this.#store = store;
    this.#clock = clock;
  }

  /** Counts one. Rejects with what the store rejects with. */
  async count(key: string): Promise<Counted> {
    try {
      await this.consume(key);
      return { outcome: 'within' };
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return {
        outcome: 'spent',
        retryAfterSeconds: wholeSeconds(error.msBeforeNext),
        // Each addition is of one point, so exactly one of them makes this sum.
        isFirst: error.consumedPoints === this.points + 1,
      };
    }
  }

  /** Seconds until a key that this process knows to be spent may be used again; undefined for any other. */
  spentFor(key: string): number | undefined {
    const milliseconds = this.getInMemoryBlockMsBeforeExpire(this.getKey(key));
    return milliseconds > 0 ? wholeSeconds(milliseconds) : undefined;
  }

  protected override _upsert(prefixedKey: string, points: number, msDuration: number): Promise<RateCount> {
    const at = this.#clock();
    return this.#store.add(prefixedKey, points, at, new Date(at.getTime() + msDuration));
  }

  protected override _getRateLimiterRes(_key: string, changed: number, { points, expiresAt }: RateCount) {
    const untilEnd = Math.max(expiresAt.getTime() - this.#clock().getTime(), 0);
    return new RateLimiterRes(Math.max(this.points - points, 0), untilEnd, points, points === changed);
  }
}

function wholeSeconds(milliseconds: number): number {
  return Math.max(Math.ceil(milliseconds / 1000), 1);
}
