/**
 * A running service: its listeners open, one by one, and close again in order. A taken port is one clear line; a stop
 * answers what is under way before it closes what the answers need.
 */
import type { Server } from 'node:http';
import { type AddressInfo, type Socket, Server as TcpServer } from 'node:net';
import { ConfigurationError } from './errors.ts';

export interface Listener {
  readonly name: string;
  readonly server: Server;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/**
 * Opens every listener, or none.
 * @throws ConfigurationError PORT_TAKEN, or CONFIG_INVALID for an address that is none of this machine, with the name and the
 *   port in the message
 */
export async function openListeners(listeners: readonly Listener[]): Promise<void> {
  const open: Listener[] = [];
  try {
    for (const listener of listeners) {
      await listen(listener);
      open.push(listener);
    }
  } catch (error) {
    await closeListeners(open, 0);
    throw error;
  }
}

/**
 * Takes no new connection, lets requests under way end, and cuts what is left after `drainSeconds`.
 * @param options.gently an idle connection may bring one more request until its time is over: whoever sends one at the
 *   moment of the close would find it cut, and here somebody else could have answered
 */
export async function closeListeners(
  listeners: readonly Listener[],
  drainSeconds: number,
  { gently = false }: { readonly gently?: boolean } = {},
): Promise<void> {
  await Promise.all(
    listeners.map(
      ({ server }) =>
        new Promise<void>((resolve) => {
          const deadline = setTimeout(() => cutConnections(server), drainSeconds * 1000);
          const closed = (): void => {
            clearTimeout(deadline);
            resolve();
          };
          if (!gently) {
            server.close(closed);
            server.closeIdleConnections();
            return;
          }
          server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
          // That of the class above takes no new connection; the server's own would also cut the idle ones.
          TcpServer.prototype.close.call(server, closed);
        }),
    ),
  );
}

/** Every connection of a listener, from the moment that the system hands it over. */
const CONNECTIONS = new WeakMap<Server, Set<Socket>>();

/** `closeAllConnections` knows those that speak HTTP already, and none that is still at its TLS handshake. */
function cutConnections(server: Server): void {
  server.closeAllConnections();
  for (const socket of CONNECTIONS.get(server) ?? []) socket.destroy();
}

function keepConnections(server: Server): void {
  const connections = new Set<Socket>();
  CONNECTIONS.set(server, connections);
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
}

/** Runs every step, one after the other, whatever becomes of those before. Rejects with the first failure. */
export async function runEach(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** The port that a listener has, where it asked for any. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // a TCP server that listens has this form
}

function listen({ name, server, host, port }: Listener): Promise<void> {
  keepConnections(server);
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE' || cause.code === 'EACCES';
      reject(
        new ConfigurationError(
          isTaken ? 'PORT_TAKEN' : 'CONFIG_INVALID',
          `port ${port} of ${name} on ${host} cannot be opened (${cause.code})`,
          { cause, detail: { port } },
        ),
      );
    });
    server.listen(port, host, () => resolve());
  });
}
