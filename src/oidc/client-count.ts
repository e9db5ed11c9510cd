/**
 * Every portal that has authenticated is counted, before anything is done for it. A limit that is reached becomes the OAuth
 * error with its status and Retry-After; what else fails is ours to mend.
 */
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { ServiceError } from '../errors.ts';

/** RFC 6585 4. */
const TOO_MANY_REQUESTS = 429;

export type CountPortal = (clientId: string, ctx: KoaContextWithOIDC | undefined) => Promise<void>;

/** @param count rejects with ServiceError TOO_MANY_REQUESTS */
export function createCountPortal(count: (clientId: string) => Promise<void>): CountPortal {
  return async (clientId, ctx) => {
    try {
      await count(clientId);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'TOO_MANY_REQUESTS') throw error;
      ctx?.set('Retry-After', String(error.detail.retryAfterSeconds));
      throw new errors.OIDCProviderError(TOO_MANY_REQUESTS, 'temporarily_unavailable');
    }
  };
}
