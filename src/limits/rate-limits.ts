/**
 * How often one address, and one portal, may ask. An address is known here, in the store and on record only as a keyed
 * hash: whoever reads those cannot tell who it was without the key. IPv6 addresses count by their /64, because a single
 * line has as many addresses of one as it likes.
 *
 * A portal is counted only after it has authenticated: nobody can use up the limit of another by naming it.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import { networkOf } from './client-network.ts';
import type { RateLimitStore } from './rate-limit-store.ts';
import { type RateLimit, StoredRateLimiter } from './stored-rate-limiter.ts';

export interface RateLimits {
  /**
   * Refuses an address that this process knows to have spent its points, at no cost.
   * @throws ServiceError TOO_MANY_REQUESTS with `detail.retryAfterSeconds`
   */
  refuseSpent(address: string): void;
  /** Counts one for the address. Rejects with ServiceError TOO_MANY_REQUESTS, STORE_UNAVAILABLE or AUDIT_UNAVAILABLE. */
  countAddress(address: string): Promise<void>;
  /** Counts one for an authenticated portal. Rejects as `countAddress` does. */
  countClient(clientId: string): Promise<void>;
}

export interface RateLimitParts {
  readonly perAddress: RateLimit;
  readonly perClient: RateLimit;
  readonly store: RateLimitStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Keys the hashes of addresses; every process of the service has the same. */
  readonly addressKey: KeyObject;
}

/** Domain separation from the other uses of the same key. */
const ADDRESS = 'thiqa address v1\n';

export function createRateLimits({ store, audit, clock, ...parts }: RateLimitParts): RateLimits {
  const addresses = new StoredRateLimiter('address', parts.perAddress, store, clock);
  const clients = new StoredRateLimiter('client', parts.perClient, store, clock);
  const hashOf = (address: string): string =>
    createHmac('sha256', parts.addressKey).update(ADDRESS).update(networkOf(address)).digest('base64url');

  return {
    refuseSpent(address) {
      const seconds = addresses.spentFor(hashOf(address));
      if (seconds !== undefined) throw tooManyRequests('address', seconds);
    },
    async countAddress(address) {
      const addressHash = hashOf(address);
      const counted = await addresses.count(addressHash);
      if (counted.outcome === 'within') return;
      if (counted.isFirst) await audit.append({ type: 'address.limited', addressHash });
      throw tooManyRequests('address', counted.retryAfterSeconds);
    },
    async countClient(clientId) {
      const counted = await clients.count(clientId);
      if (counted.outcome === 'within') return;
      if (counted.isFirst) await audit.append({ type: 'portal.limited', clientId });
      throw tooManyRequests('client', counted.retryAfterSeconds);
    },
  };
}

/** For a service that is switched to count nothing. */
export const WITHOUT_RATE_LIMITS: RateLimits = {
  refuseSpent() {},
  async countAddress() {},
  async countClient() {},
};

function tooManyRequests(limit: 'address' | 'client', retryAfterSeconds: number): ServiceError {
  return new ServiceError('TOO_MANY_REQUESTS', `the limit of one ${limit} is reached`, {
    detail: { retryAfterSeconds },
  });
}
