/**
 * A connection to the card host, by a socket of our own: with a card or without, on a new TLS session or a saved one.
 */
import { connect, type TLSSocket } from 'node:tls';
import type { SoftwareCard } from '../../src/demo/page-exchange.ts';
import type { TestService } from './service.ts';

export interface Conversation {
  readonly card?: SoftwareCard;
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  readonly session?: Buffer;
  readonly request?: string;
}

/** One TLS connection to the card host: sends the request, reads until the server closes. */
export function talk(
  service: TestService,
  url: URL,
  { card, version, session, request }: Conversation,
): Promise<{ answer: string; sessions: Buffer[] }> {
  return new Promise((resolve, reject) => {
    const sessions: Buffer[] = [];
    let answer = '';
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: service.cardPort,
      servername: url.hostname,
      ca: service.tlsRootPem,
      ...(card && { cert: card.certificatePem, key: card.keyPem }),
      ...(version && { minVersion: version, maxVersion: version }),
      ...(session && { session }),
    });
    socket.on('session', (ticket) => sessions.push(ticket));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ answer, sessions }));
    socket.on('secureConnect', () =>
      socket.write(request ?? `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`),
    );
  });
}
