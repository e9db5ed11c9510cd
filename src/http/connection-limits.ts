/**
 * What a client may take of a listener before it has asked for anything: time, octets of header, connections. One that
 * sends its header or its body too slowly is answered 408 and cut off, however little it costs to wait for it. One that
 * does not take its answer is cut off too: it would hold its place for ever.
 */
import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { TrustedPeers } from '../authentication/proxy-certificate.ts';
import { networkOf } from '../limits/client-network.ts';

/** Node looks for slow clients this often; by itself, only every 30 seconds. */
const CHECKING_INTERVAL_MS = 1000;

export interface ConnectionLimits {
  readonly maxHeaderOctets: number;
  /** From the first octet of a request to the end of its header. */
  readonly headerSeconds: number;
  /** From the first octet of a request to the end of its body. */
  readonly requestSeconds: number;
  /** From the end of a request's header to the last octet of its answer. */
  readonly answerSeconds: number;
  readonly maxConnections: number;
}

/** Headers of a citizen's browser are far smaller. */
export const ISSUER_LIMITS: ConnectionLimits = {
  maxHeaderOctets: 16 * 1024,
  headerSeconds: 10,
  requestSeconds: 20,
  answerSeconds: 60,
  maxConnections: 5000,
};

/** The largest header that a proxy sends holds an escaped certificate. */
export const CARD_HOST_LIMITS: ConnectionLimits = {
  maxHeaderOctets: 80 * 1024,
  headerSeconds: 10,
  requestSeconds: 15,
  answerSeconds: 60,
  maxConnections: 2000,
};

/** As the issuer's host, and a proxy may forward a certificate. */
export const PORTAL_HOST_LIMITS: ConnectionLimits = {
  ...ISSUER_LIMITS,
  maxHeaderOctets: CARD_HOST_LIMITS.maxHeaderOctets,
};

export const MANAGEMENT_LIMITS: ConnectionLimits = {
  maxHeaderOctets: 8 * 1024,
  headerSeconds: 5,
  requestSeconds: 10,
  answerSeconds: 30,
  maxConnections: 100,
};

export function serverOptions({ maxHeaderOctets, headerSeconds, requestSeconds }: ConnectionLimits): ServerOptions {
  return {
    maxHeaderSize: maxHeaderOctets,
    headersTimeout: headerSeconds * 1000,
    requestTimeout: requestSeconds * 1000,
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
  };
}

/** How many of a listener's connections one client address may have, so that nobody can take all of them. */
export interface ConnectionShare {
  readonly connectionsPerAddress: number;
  /** For whom it does not hold: they bring the connections of many. */
  readonly proxies: TrustedPeers;
}

/**
 * Connections beyond the limit, or beyond the share of their address, are closed as they come, and those whose answer takes
 * too long are cut.
 */
export function limitConnections<S extends Server>(
  server: S,
  { maxConnections, answerSeconds }: ConnectionLimits,
  share?: ConnectionShare,
): S {
  server.maxConnections = maxConnections;
  if (share !== undefined) shareConnections(server, share);
  server.prependListener('request', ({ socket }, response) => {
    const deadline = setTimeout(() => socket.destroy(), answerSeconds * 1000);
    response.once('close', () => clearTimeout(deadline));
  });
  return server;
}

function shareConnections(server: Server, { connectionsPerAddress, proxies }: ConnectionShare): void {
  const counts = new Map<string, number>();
  // Before anything is read of it, a handshake included.
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (proxies.includes(address)) return;
    const network = networkOf(address);
    const count = counts.get(network) ?? 0;
    if (count >= connectionsPerAddress) {
      socket.destroy();
      return;
    }
    counts.set(network, count + 1);
    socket.once('close', () => {
      const left = (counts.get(network) ?? 1) - 1;
      if (left === 0) counts.delete(network);
      else counts.set(network, left);
    });
  });
}
