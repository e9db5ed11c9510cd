/**
 * What a demonstration adds to the sign-in page: virtual cards, which stand where the Web eID extension would. They come
 * from the demonstration; the pages know no more of them than these addresses, and a service has none.
 */
import type { Middleware } from 'koa';

export interface Sandbox {
  readonly virtualCards?: {
    /** Answers the addresses below and everything under `folder`. */
    readonly routes: Middleware;
    /** Absolute addresses on the issuer; scripts may be loaded from the folder alone, which ends with `/`. */
    readonly folder: string;
    readonly script: string;
    readonly styleSheet: string;
  };
}
