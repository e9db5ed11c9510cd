/**
 * The part of rate-limiter-flexible that a store of one's own extends. Its package names the class in its types but does
 * not export it from its entry point; its own stores extend it from this file.
 */

declare module 'rate-limiter-flexible/lib/RateLimiterRes.js' {
  import { RateLimiterRes } from 'rate-limiter-flexible';
  export = RateLimiterRes;
}

declare module 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js' {
  import type { RateLimiterRes } from 'rate-limiter-flexible';

  abstract class RateLimiterStoreAbstract<Result> {
    constructor(options: {
      readonly points: number;
      readonly duration: number;
      readonly keyPrefix: string;
      readonly inMemoryBlockOnConsumed?: number;
    });
    readonly points: number;
    getKey(key: string): string;
    /** Rejects with a RateLimiterRes when the points are spent, and with what the store threw. */
    consume(key: string): Promise<RateLimiterRes>;
    /** 0 for a key that this process does not know to be spent. Takes the key with its prefix. */
    getInMemoryBlockMsBeforeExpire(prefixedKey: string): number;
    protected abstract _upsert(prefixedKey: string, points: number, msDuration: number): Promise<Result>;
    protected abstract _getRateLimiterRes(prefixedKey: string, changedPoints: number, result: Result): RateLimiterRes;
  }
  export = RateLimiterStoreAbstract;
}
