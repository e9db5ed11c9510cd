/**
 * What each listener bears of a client. The times are shortened on the running server; that they are set is a case of its
 * own.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
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
import type { AddressLimits } from '../../src/http/limit-requests.ts';
import { createManagementServer } from '../../src/http/management.ts';
import { createPortalHost } from '../../src/http/portal-host.ts';
import { ClientCertificates } from '../../src/oidc/mutual-tls.ts';
import type { Log } from '../../src/operations/log.ts';
import { WITHOUT_ADDRESS_LIMITS } from '../support/address-limits.ts';
import { AT } from '../support/authority.ts';
import { testAudit } from '../support/ports.ts';

const LOG: Log = { info() {}, request() {}, refusal() {}, failure() {} };
const unused = (): Promise<never> => Promise.reject(new TypeError('not asked for here'));

const LISTENERS: readonly (readonly [
  name: string,
  limits: ConnectionLimits,
  create: (address: AddressLimits) => Server,
])[] = [
  [
    'the issuer',
    ISSUER_LIMITS,
    (address) => {
      const app = new Koa();
      app.silent = true;
      app.use(bodyParser());
      return createIssuerServer(app, address);
    },
  ],
  [
    'the card host',
    CARD_HOST_LIMITS,
    (address) =>
      createCardHost({
        issuer: 'http://localhost:4000',
        domain: 'card.localhost',
        presentations: { begin: unused, present: unused, collect: unused },
        mode: { kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.1']) },
        handshakeSeconds: 10,
        ...address,
        assets: '',
        log: LOG,
        audit: testAudit().log,
        clock: () => AT,
      }),
  ],
  [
    "the portals' host",
    PORTAL_HOST_LIMITS,
    (address) =>
      createPortalHost({
        currentProvider: () => expect.fail('what this host gets here is refused before'),
        origin: 'https://mtls.localhost',
        certificates: new ClientCertificates(),
        authorities: undefined,
        mode: { kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.1']) },
        ...address,
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
      server = create(WITHOUT_ADDRESS_LIMITS).listen(0, '127.0.0.1');
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

for (const [name, , create] of LISTENERS.slice(0, 3)) {
  describe(`the share that one address has of ${name}`, () => {
    let server: Server;
    const sockets: Socket[] = [];
    const listen = async (changes: Partial<AddressLimits>): Promise<void> => {
      server = create({ ...WITHOUT_ADDRESS_LIMITS, connectionsPerAddress: 2, ...changes }).listen(0, '0.0.0.0');
      await once(server, 'listening');
    };
    const open = async (host: string): Promise<Socket> => {
      const { port } = server.address() as AddressInfo; // a TCP server's address is an object
      const socket = connect({ port, host, localAddress: host });
      sockets.push(socket);
      await once(socket, 'connect');
      return socket.resume();
    };
    const isKept = async (socket: Socket): Promise<boolean> => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      return Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
    };
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    it('is not passed, whatever its connections do; others have theirs', async () => {
      await listen({});
      const [idle, next, beyond] = [await open('127.0.0.1'), await open('127.0.0.1'), await open('127.0.0.1')];
      await once(beyond, 'close');
      expect(await isKept(await open('127.0.0.2'))).to.equal(true);
      expect(await isKept(next)).to.equal(true);
      expect(idle.closed).to.equal(false);
    });

    it('is free again when a connection ends', async () => {
      await listen({});
      const [first] = [await open('127.0.0.1'), await open('127.0.0.1')];
      first.destroy();
      await untilFree(server, 1);
      expect(await isKept(await open('127.0.0.1'))).to.equal(true);
    });

    it('does not hold for a proxy', async () => {
      await listen({ proxies: trustedPeers(['127.0.0.0/8']) });
      const opened = await Promise.all(Array.from({ length: 4 }, () => open('127.0.0.1')));
      for (const socket of opened) expect(await isKept(socket)).to.equal(true);
    });
  });
}

/** Resolves when the server has so few connections. */
async function untilFree(server: Server, most: number): Promise<void> {
  while ((await promisify(server.getConnections.bind(server))()) > most) await new Promise(setImmediate);
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
