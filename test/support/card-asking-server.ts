/**
 * A tiny HTTPS server that asks for a certificate, as the card host does, and answers with what came: for the tests of
 * the browser harness itself. Under `LABEL.card.localhost`, which browsers resolve to loopback.
 */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { pemOf } from './authority.ts';

export interface CardAskingServer {
  readonly port: number;
  readonly tlsRootPem: string;
  /** The address of the card host under a label. */
  address(label: string): string;
  close(): Promise<void>;
}

/** @param at a moment at which the browser's own clock finds the server's certificate valid */
export async function startCardAskingServer(at: Date): Promise<CardAskingServer> {
  const root = createTlsRoot(at);
  const keys = generateKeys('P-256');
  const server = createServer(
    {
      cert: pemOf(issueServerCertificate(root, keys.publicKey, at)),
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      requestCert: true,
      rejectUnauthorized: false,
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      const fingerprint = (request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256; // https: no other
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' });
      response.end(fingerprint ?? 'none');
    },
  );
  // A browser ends the first handshake when it is asked for a certificate.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has no other
  return {
    port,
    tlsRootPem: pemOf(root.certificate),
    address: (label) => `https://${label}.card.localhost:${port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
