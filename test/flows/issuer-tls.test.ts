/**
 * A service that ends TLS itself, over real sockets: which handshakes it makes, what it says of itself, and how it takes
 * new certificates while it runs.
 */
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { readCertificate, readKeys } from '../../src/demo/demonstration-files.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { issueServerCertificate, restoreTlsRoot } from '../../src/demo/tls-certificates.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { pemOf } from '../support/authority.ts';
import { type HttpsService, startHttpsService } from '../support/https-service.ts';

describe('a service that ends TLS itself', function () {
  this.timeout(30_000);
  let running: HttpsService;

  beforeEach(async () => {
    running = await startHttpsService();
  });
  afterEach(() => running.dispose());

  /** A handshake, or the code of its failure. */
  async function handshake(options: ConnectionOptions, port = running.issuerPort): Promise<TLSSocket | string> {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: port === running.issuerPort ? 'localhost' : 'a.card.localhost',
      ca: running.tlsRootPem,
      ...options,
    });
    try {
      await once(socket, 'secureConnect');
      return socket;
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  }
  async function agreed(options: ConnectionOptions, port = running.issuerPort): Promise<string> {
    const socket = await handshake(options, port);
    if (typeof socket === 'string') return socket;
    const text = `${socket.getProtocol()} ${socket.getCipher().name}`;
    socket.destroy();
    return text;
  }
  const shown = async (port = running.issuerPort): Promise<string> => {
    const socket = await handshake({}, port);
    if (typeof socket === 'string') return socket;
    const { fingerprint256 } = socket.getPeerX509Certificate() ?? {};
    socket.destroy();
    return String(fingerprint256);
  };
  const get = async (
    path: string,
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> => {
    const outgoing = request({
      host: '127.0.0.1',
      port: running.issuerPort,
      path,
      servername: 'localhost',
      ca: running.tlsRootPem,
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, headers: response.headers, body };
  };

  const OLD = 'DEFAULT:@SECLEVEL=0'; // whatever the client's own library would still offer
  const handshakes: readonly (readonly [string, ConnectionOptions, RegExp])[] = [
    ['TLS 1.3', {}, /^TLSv1\.3 /],
    [
      'TLS 1.2 with AES-GCM',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      /^TLSv1\.2 ECDHE-ECDSA-AES128-GCM/,
    ],
    [
      'TLS 1.2 with ChaCha20',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
      /^TLSv1\.2 ECDHE-ECDSA-CHACHA20/,
    ],
    [
      'TLS 1.2 with a CBC suite',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
      /^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/,
    ],
    [
      'TLS 1.2 with an older CBC suite',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' },
      /^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/,
    ],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: OLD }, /^ERR_SSL_.*ALERT_PROTOCOL_VERSION$/],
    ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: OLD }, /^ERR_SSL_.*ALERT_PROTOCOL_VERSION$/],
  ];
  for (const [name, options, outcome] of handshakes) {
    it(`${outcome.source.startsWith('^ERR') ? 'refuses' : 'speaks'} ${name}, on the issuer's host and on the card host`, async () => {
      expect(await agreed(options)).to.match(outcome);
      expect(await agreed(options, running.cardPort)).to.match(outcome);
    });
  }

  it('asks for no certificate on its host, and speaks HTTP/1.1', async () => {
    // A client that is asked for a certificate and has one sends it, and then holds it as its own.
    const { certificatePath, keyPath } = running.demonstration.tlsServer;
    const own = { cert: readFileSync(certificatePath), key: readFileSync(keyPath), maxVersion: 'TLSv1.2' as const };
    const socket = await handshake({ ...own, ALPNProtocols: ['h2', 'http/1.1'] });
    if (typeof socket === 'string') return expect.fail(socket);
    expect(socket.alpnProtocol).to.equal('http/1.1');
    socket.destroy();
    const requests: unknown[] = [];
    running.service.issuerServer.once('secureConnection', (server: TLSSocket) =>
      requests.push(server.getPeerX509Certificate()),
    );
    const second = await handshake(own);
    if (typeof second === 'string') return expect.fail(second);
    second.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(second, 'data');
    second.destroy();
    expect(requests).to.deep.equal([undefined]);
    return undefined;
  });

  it('names itself https in discovery, and is to be reached so for a year (RFC 6797)', async () => {
    const { status, headers, body } = await get('/.well-known/openid-configuration');
    expect(status).to.equal(200);
    expect(headers['strict-transport-security']).to.equal('max-age=31536000');
    const discovery = JSON.parse(body);
    expect(discovery.issuer).to.equal(running.issuer);
    expect(discovery.token_endpoint).to.equal(`${running.issuer}/token`);
  });

  it('answers nothing in plain HTTP', async () => {
    const socket = connectTcp(running.issuerPort, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined); // a reset is one way of being cut off
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    expect(text).not.to.match(/HTTP\/1\.1 (?!400)/);
  });

  it('bounds slow clients and their number as on HTTP', () => {
    const { headersTimeout, requestTimeout, maxConnections } = running.service.issuerServer;
    expect({ headersTimeout, requestTimeout, maxConnections }).to.deep.equal({
      headersTimeout: 10_000,
      requestTimeout: 20_000,
      maxConnections: 5000,
    });
  });

  describe('when its certificates have changed', () => {
    /** A new certificate under the same root, with a key of its own. */
    async function mint(): Promise<{ certificate: string; key: string }> {
      const { tlsRoot } = running.demonstration;
      const root = restoreTlsRoot(await readCertificate(tlsRoot.certificatePath), await readKeys(tlsRoot.keyPath));
      const keys = generateKeys('P-256');
      return {
        certificate: pemOf(issueServerCertificate(root, keys.publicKey, new Date())),
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    }

    it('shows the new ones from the next handshake on, and answers on connections that are open', async () => {
      const [issuerBefore, cardBefore] = [await shown(), await shown(running.cardPort)];
      expect(cardBefore).to.equal(issuerBefore);
      const open = await handshake({});
      if (typeof open === 'string') return expect.fail(open);
      const { certificate, key } = await mint();
      writeFileSync(running.demonstration.tlsServer.certificatePath, certificate);
      writeFileSync(running.demonstration.tlsServer.keyPath, key);
      await running.service.reload();
      const issuerAfter = await shown();
      expect(issuerAfter)
        .to.match(/^[0-9A-F:]{95}$/)
        .and.not.to.equal(issuerBefore);
      expect(await shown(running.cardPort)).to.equal(issuerAfter);
      open.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      const [answer] = await once(open, 'data');
      expect(String(answer)).to.match(/^HTTP\/1\.1 200 /);
      open.destroy();
      // What it speaks is as before.
      expect(await agreed({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' })).to.match(/^ERR_SSL_/);
      return undefined;
    });

    it('keeps what it has while the new ones are no pair, and says so in the log', async () => {
      const before = await shown();
      const { certificate } = await mint();
      writeFileSync(running.demonstration.tlsServer.certificatePath, certificate);
      await running.service.reload();
      expect(await shown()).to.equal(before);
      expect(await shown(running.cardPort)).to.equal(before);
      expect(running.logText()).to.include('TLS_CERTIFICATE_UNUSABLE').and.to.include('"listener":"issuer-host"');
    });

    it('tells by health when the certificate of its host ends', async () => {
      const { checks } = await running.service.health();
      const own = checks.filter(({ check, message }) => check === 'certificate' && message.includes("issuer's host"));
      expect(own).to.have.lengthOf(1);
      expect(own[0]).to.include({ status: 'ok' });
    });
  });
});

describe('a service that is to end TLS itself does not start', function () {
  this.timeout(30_000);
  const refused: readonly (readonly [
    string,
    string,
    (directory: string, certificate: string, key: string) => object,
  ])[] = [
    ['without its key', 'CONFIG_UNREADABLE', (_directory, certificate) => ({ certificate, key: 'nowhere.pem' })],
    [
      'with another key',
      'TLS_CERTIFICATE_UNUSABLE',
      (directory, certificate) => ({ certificate, key: otherKey(directory) }),
    ],
    [
      'with a key for a certificate',
      'TLS_CERTIFICATE_UNUSABLE',
      (_directory, _certificate, key) => ({ certificate: key, key }),
    ],
    [
      'with a certificate for a key',
      'TLS_CERTIFICATE_UNUSABLE',
      (_directory, certificate) => ({ certificate, key: certificate }),
    ],
    [
      'with a key that needs a passphrase',
      'TLS_CERTIFICATE_UNUSABLE',
      (directory, certificate, key) => ({ certificate, key: locked(directory, key) }),
    ],
  ];
  for (const [name, code, tls] of refused) {
    it(name, async () => {
      let refusal: unknown;
      try {
        const running = await startHttpsService(({ directory, demonstration: { tlsServer } }) => ({
          tls: tls(directory, tlsServer.certificatePath, tlsServer.keyPath),
        }));
        await running.dispose();
      } catch (error) {
        refusal = error;
      }
      expect(refusal).to.be.instanceOf(ConfigurationError);
      expect(refusal).to.have.property('code', code);
      expect(String((refusal as Error).message)).not.to.include('PRIVATE');
    });
  }
});

function otherKey(directory: string): string {
  const file = join(directory, 'other.key.pem');
  writeFileSync(file, generateKeys('P-256').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return file;
}

function locked(directory: string, key: string): string {
  const file = join(directory, 'locked.key.pem');
  const pem = createPrivateKey(readFileSync(key)).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  writeFileSync(file, pem);
  return file;
}
