/**
 * What each listener bears of a client. The times are shortened on the running server; that they are set is a case of its
 * own.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { bodyParser } from '@koa/bodyparser';
import { expect } from 'chai';
import Koa from 'koa';
import { trustedPeers } from '../../src/authentication/proxy-certificate.ts';
import { createIssuerServer } from '../../src/http/app.ts';
import { createCardHost } from '../../src/http/card-host.ts';
import {
  CARD_HOST_LIMITS,
  type ConnectionLimits,
  ISSUER_LIMITS,
  limitConnections,
  MANAGEMENT_LIMITS,
  PORTAL_HOST_LIMITS,
} from '../../src/http/connection-limits.ts';
import { createManagementServer } from '../../src/http/management.ts';
import { createPortalHost } from '../../src/http/portal-host.ts';
import { WITHOUT_RATE_LIMITS } from '../../src/limits/rate-limits.ts';
import { ClientCertificates } from '../../src/oidc/mutual-tls.ts';
import type { Log } from '../../src/operations/log.ts';
import { AT } from '../support/authority.ts';
import { testAudit } from '../support/ports.ts';

const LOG: Log = { info() {}, request() {}, refusal() {}, failure() {} };
const unused = (): Promise<never> => Promise.reject(new TypeError('not asked for here'));

const LISTENERS: readonly (readonly [name: string, limits: ConnectionLimits, create: () => Server])[] = [
  [
    'the issuer',
    ISSUER_LIMITS,
    () => {
      const app = new Koa();
      app.silent = true;
      app.use(bodyParser());
      return createIssuerServer(app);
    },
  ],
  [
    'the card host',
    CARD_HOST_LIMITS,
    () =>
      createCardHost({
        issuer: 'http://localhost:4000',
        domain: 'card.localhost',
        presentations: { begin: unused, present: unused, collect: unused },
        mode: { kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.1']) },
        handshakeSeconds: 10,
        limits: WITHOUT_RATE_LIMITS,
        proxies: trustedPeers([]),
        assets: '',
        log: LOG,
        audit: testAudit().log,
        clock: () => AT,
      }),
  ],
  [
    "the portals' host",
    PORTAL_HOST_LIMITS,
    () =>
      createPortalHost({
        currentProvider: () => expect.fail('what this host gets here is refused before'),
        origin: 'https://mtls.localhost',
        certificates: new ClientCertificates(),
        authorities: undefined,
        mode: { kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.1']) },
        limits: WITHOUT_RATE_LIMITS,
        proxies: trustedPeers([]),
        assets: '',
        log: LOG,
        audit: testAudit().log,
        clock: () => AT,
      }),
  ],
  ['the management port', MANAGEMENT_LIMITS, () => createManagementServer({ health: unused, log: LOG })],
];

for (const [name, limits, create] of LISTENERS) {
  describe(`what ${name} bears of a client`, () => {
    let server: Server;
    let sockets: Socket[];

    beforeEach(async () => {
      sockets = [];
      server = create().listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });

    const open = async (): Promise<Socket> => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1'); // a TCP server's address is an object
      socket.on('error', () => undefined); // a reset is one way of being cut off
      sockets.push(socket);
      await once(socket, 'connect');
      return socket;
    };
    /** Everything that comes until the connection is closed. */
    const untilClosed = async (socket: Socket): Promise<string> => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      if (!socket.closed) await once(socket, 'close');
      return text;
    };
    const request = (headerOctets: number): string =>
      `GET /nothing HTTP/1.1\r\nHost: x\r\nX-Fill: ${'x'.repeat(headerOctets)}\r\nConnection: close\r\n\r\n`;

    it('is bounded in time, and in number', () => {
      expect(server.headersTimeout)
        .to.equal(limits.headerSeconds * 1000)
        .and.to.be.within(1000, 10_000);
      expect(server.requestTimeout)
        .to.equal(limits.requestSeconds * 1000)
        .and.to.be.within(5000, 20_000);
      expect(limits.answerSeconds).to.be.within(limits.requestSeconds, 60);
      expect(server.maxConnections).to.equal(limits.maxConnections).and.to.be.within(1, 5000);
    });

    it('a header of less than the limit is read, a larger one is answered 431', async () => {
      const small = await open();
      small.write(request(limits.maxHeaderOctets - 200));
      expect(await untilClosed(small)).to.match(/^HTTP\/1\.1 404 /);
      const large = await open();
      large.write(request(limits.maxHeaderOctets + 1));
      expect(await untilClosed(large)).to.match(/^HTTP\/1\.1 431 /);
    });

    it('a header that does not end in time is answered 408', async () => {
      server.headersTimeout = 100;
      const socket = await open();
      socket.write('GET /nothing HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      expect(await untilClosed(socket)).to.match(/^HTTP\/1\.1 408 /);
    });

    it('a body that does not end in time has its connection cut', async () => {
      server.headersTimeout = 100;
      server.requestTimeout = 100;
      const socket = await open();
      socket.write(
        'POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=',
      );
      expect(await untilClosed(socket)).not.to.match(/^HTTP\/1\.1 200 /);
    });

    it('connections beyond the limit are closed, and there is room again when one has ended', async () => {
      server.maxConnections = 1;
      const first = await open();
      expect(await untilClosed(await open())).to.equal('');
      first.write(request(0));
      expect(await untilClosed(first)).to.match(/^HTTP\/1\.1 404 /);
      const next = await open();
      next.write(request(0));
      expect(await untilClosed(next)).to.match(/^HTTP\/1\.1 404 /);
    });
  });
}

describe('an answer that its client does not take', () => {
  it('has its connection cut when its time is over, and no other', async () => {
    const limits = { ...ISSUER_LIMITS, answerSeconds: 0.2 };
    const server = limitConnections(
      createServer((_request, response) => response.end(Buffer.alloc(64 * 1024))),
      limits,
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server's address is an object
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const slow = connect(port, '127.0.0.1');
    // More answers than the system keeps for a client that reads none.
    slow.pause().write(request.repeat(1000));
    const [taken] = (await once(server, 'connection')) as [Socket];
    const other = connect(port, '127.0.0.1').resume();
    other.write(request);
    await once(taken, 'close');
    expect(other.closed).to.equal(false);
    slow.destroy();
    other.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
