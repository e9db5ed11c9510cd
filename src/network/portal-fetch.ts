/**
 * The way to addresses that a portal supplied (S29): key sets, sector lists, logout. Whoever registers a portal chooses
 * them, so no list of hosts can be kept; instead https on its standard port alone, public addresses alone, no redirect,
 * and small bounds. A sandbox may list exceptions: hosts on loopback, and the CA of their certificates.
 */
import type { LookupFunction } from 'node:net';
import { ServiceError } from '../errors.ts';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';

export interface PortalFetchExceptions {
  /** `host:port`: may be on a private address and on that port. */
  readonly hosts: readonly string[];
  /** PEM: the CAs of the certificates of these hosts, beside those that everybody knows. */
  readonly authorities?: string | undefined;
}

const TIMEOUT_MILLISECONDS = 5000;
/** A key set of a portal is a few kilobytes; a sector list a line for each portal. */
const MAXIMUM_OCTETS = 128 * 1024;

/** `resolve` is a parameter for tests alone. */
export function createPortalFetch(
  { hosts, authorities }: PortalFetchExceptions,
  resolve?: LookupFunction,
): GuardedFetch {
  return createGuardedFetch(
    {
      allowedHosts: 'public-https',
      privateHosts: hosts,
      authorities,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      maximumOctets: MAXIMUM_OCTETS,
      maximumRedirects: 0,
    },
    resolve,
  );
}

/** @throws ServiceError FETCH_REFUSED, FETCH_TIMEOUT, FETCH_TOO_LARGE, FETCH_FAILED (also for what is not JSON) */
export function fetchJsonBy(portalFetch: GuardedFetch): (address: string) => Promise<unknown> {
  return async (address) => {
    const { body } = await portalFetch(address, { headers: { accept: 'application/json' } });
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    } catch {
      // The parser's own message would quote the answer.
      throw new ServiceError('FETCH_FAILED', 'the answer is not JSON', {
        detail: { host: URL.parse(address)?.host ?? '' },
      });
    }
  };
}
