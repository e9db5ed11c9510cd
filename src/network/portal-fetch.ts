/**
 * The way to addresses that a portal supplied (S29): key sets, sector lists, logout. Whoever registers a portal chooses
 * them, so no list of hosts can be kept; instead https on its standard port alone, public addresses alone, no redirect,
 * and small bounds. A sandbox may list exceptions: hosts on loopback, and the CA of their certificates.
 */
import type { LookupFunction } from 'node:net';
import { ServiceError } from '../errors.ts';
import { createGuardedFetch, type FetchRules, type GuardedFetch } from './guarded-fetch.ts';

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
export function createPortalFetch(exceptions: PortalFetchExceptions, resolve?: LookupFunction): GuardedFetch {
  return createGuardedFetch(rulesWith(exceptions), resolve);
}

function rulesWith({ hosts, authorities }: PortalFetchExceptions): FetchRules {
  return {
    allowedHosts: 'public-https',
    privateHosts: hosts,
    authorities,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    maximumOctets: MAXIMUM_OCTETS,
    maximumRedirects: 0,
  };
}

/**
 * A POST of a form that expects no more than 200 or 204. @throws ServiceError FETCH_REFUSED, FETCH_TIMEOUT,
 * FETCH_TOO_LARGE, FETCH_FAILED
 */
export function createPortalPost(
  exceptions: PortalFetchExceptions,
  resolve?: LookupFunction,
): (address: string, form: URLSearchParams, signal?: AbortSignal) => Promise<void> {
  const post = createGuardedFetch(
    { ...rulesWith(exceptions), goodStatuses: [200, 204], httpOnLoopback: true },
    resolve,
  );
  return async (address, form, signal) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await post(address, { method: 'POST', headers, body: Buffer.from(form.toString()), ...(signal && { signal }) });
  };
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
