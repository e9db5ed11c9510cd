/**
 * The addresses that a portal registers, each for itself: compared character by character, with no pattern in it. None has a
 * fragment or user information; what is more is told by each.
 */
import { z } from 'zod';

const LONGEST = 2000;
/** What a parser of URLs drops or turns into something else. */
const UNSEEN = /[\s\\]|\p{Cc}/u;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Loopback over http serves development (RFC 8252 8.3); everything else travels encrypted. */
export const browserAddress = address(
  (url) => url.protocol === 'https:' || isHttpOnLoopback(url),
  'an absolute https URL (http only on loopback) without fragment and user information is needed',
);

export const httpsAddress = address(
  (url) => url.protocol === 'https:',
  'an absolute https URL without fragment and user information is needed',
);

export function isHttpOnLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && LOOPBACK.includes(hostname);
}

function address(isPermitted: (url: URL) => boolean, message: string) {
  return z
    .string()
    .max(LONGEST)
    .refine((value) => {
      const url = URL.parse(value);
      if (url === null || value.includes('#') || url.username !== '' || url.password !== '') return false;
      if (url.hostname.includes('*') || UNSEEN.test(value)) return false;
      return isPermitted(url);
    }, message);
}

/** Host names, without ports. @param addresses URLs */
export function hostNames(addresses: readonly string[]): Set<string> {
  return new Set(addresses.map((value) => URL.parse(value)?.hostname ?? ''));
}
