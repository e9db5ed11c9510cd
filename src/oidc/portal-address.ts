/**
 * What oidc-provider fetches for a portal - its key set, the list of its sector - goes through one guarded fetch (S29),
 * whatever else was asked for: a GET, without redirects.
 */
import type { Configuration } from 'oidc-provider';

/** Port. @throws ServiceError FETCH_REFUSED, FETCH_TIMEOUT, FETCH_TOO_LARGE, FETCH_FAILED */
export type FetchOfPortal = (address: string) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}>;

/**
 * The headers that say how long an answer may be kept are left out: oidc-provider then asks again after a minute, so a
 * portal that changes a key after a leak is followed at once.
 */
export function fetchForProvider(fetchOfPortal: FetchOfPortal): NonNullable<Configuration['fetch']> {
  return async (address, options) => {
    if ((options?.method ?? 'GET') !== 'GET') throw new TypeError('the provider fetches addresses of portals by GET');
    const { status, body } = await fetchOfPortal(String(address));
    return new Response(Uint8Array.from(body), { status, headers: { 'content-type': 'application/json' } });
  };
}
