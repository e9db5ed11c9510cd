/**
 * Who asks: the peer of the connection, or, where that is a listed proxy, the address that it names. Each proxy adds the
 * address that it saw at the right of X-Forwarded-For, so the list is read from the right, and the first address that is
 * no listed proxy is the client; what stands left of it, the client may have written itself.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TrustedPeers } from '../authentication/proxy-certificate.ts';
import { valuesAsSent } from './values-as-sent.ts';

export function clientAddress(request: Pick<IncomingMessage, 'socket' | 'rawHeaders'>, proxies: TrustedPeers): string {
  let address = request.socket.remoteAddress ?? '';
  const forwarded = forwardedFor(request.rawHeaders);
  while (proxies.includes(address)) {
    const next = forwarded.pop();
    // What a proxy wrote and nobody can read counts for the proxy.
    if (next === undefined || isIP(next) === 0) return address;
    address = next;
  }
  return address;
}

/** A repeated header is one list (RFC 9110 5.3). Some proxies add the port. */
function forwardedFor(rawHeaders: readonly string[]): string[] {
  return valuesAsSent(rawHeaders, 'x-forwarded-for').flatMap((value) =>
    value.split(',').map((entry) => withoutPort(entry.trim())),
  );
}

function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}
