import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import type { CardEvidence } from '../../src/authentication/card-evidence.ts';
import type { CardPresentations } from '../../src/authentication/card-presentation.ts';
import { trustedPeers } from '../../src/authentication/proxy-certificate.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { EvidenceError, ThiqaError } from '../../src/errors.ts';
import { type CardHostParts, createCardHost, offerIssuers } from '../../src/http/card-host.ts';
import type { Log } from '../../src/operations/log.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { WITHOUT_ADDRESS_LIMITS } from '../support/address-limits.ts';
import { AT, createTestAuthority, issueTestCard, pemOf } from '../support/authority.ts';
import { testAudit } from '../support/ports.ts';
import { send } from '../support/request.ts';

const ISSUER = 'http://localhost:4000';
const DOMAIN = 'card.localhost';
const LABEL = 'a'.repeat(32);
/** The half of the challenge that only the path carries. */
const SECRET_HALF = 'b'.repeat(32);
const CHALLENGE = LABEL + SECRET_HALF;
const PATH = `/${SECRET_HALF}`;
const UNKNOWN = 'c'.repeat(64);
const TOKEN = 't'.repeat(43);

const SILENT: Log = { info() {}, request() {}, refusal() {}, failure() {} };

/** What reached the decision: the challenge, and the evidence or the code of its refusal. */
interface Presented {
  readonly challengeId: string;
  readonly evidence?: CardEvidence;
  readonly code?: string;
}

function recordingPresentations(presented: Presented[]): CardPresentations {
  return {
    begin: () => Promise.reject(new TypeError('the card host begins nothing')),
    collect: () => Promise.reject(new TypeError('the card host collects nothing')),
    async present(challengeId, readEvidence) {
      try {
        presented.push({ challengeId, evidence: readEvidence() });
      } catch (error) {
        presented.push({ challengeId, code: error instanceof ThiqaError ? error.code : 'none' });
      }
      if (challengeId === UNKNOWN) throw new EvidenceError('CHALLENGE_UNKNOWN', 'unknown');
      return { interaction: 'interaction-1', token: TOKEN };
    },
  };
}

async function start(mode: CardHostParts['mode']) {
  const presented: Presented[] = [];
  const server = createCardHost({
    mode,
    issuer: ISSUER,
    domain: DOMAIN,
    presentations: recordingPresentations(presented),
    handshakeSeconds: 10,
    ...WITHOUT_ADDRESS_LIMITS,
    assets: ISSUER,
    log: SILENT,
    audit: testAudit().log,
    clock: () => AT,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's address is an object
  return { server, port, presented };
}

function stop(server: Server): Promise<unknown> {
  server.closeAllConnections();
  server.close();
  return once(server, 'close');
}

describe('the card host behind a proxy', () => {
  const card = issueTestCard(createTestAuthority().issuing);
  const certificate = `:${card.certificate.toString('base64')}:`;
  let host: Awaited<ReturnType<typeof start>>;

  beforeEach(async () => {
    host = await start({ kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.1']) });
  });
  afterEach(() => stop(host.server));

  const ask = (headers: Readonly<Record<string, string | readonly string[]>> = {}, path = PATH, method = 'GET') =>
    send({ port: host.port, path, method, headers: { Host: `${LABEL}.${DOMAIN}`, Accept: 'text/html', ...headers } });

  it('hands the certificate over and sends the browser back to its interaction', async () => {
    const answer = await ask({ 'Client-Cert': certificate });
    expect(answer.status).to.equal(303);
    expect(answer.headers.location).to.equal(`${ISSUER}/auth/interaction-1/sign-in/card?hand-off=${TOKEN}`);
    expect(host.presented).to.have.lengthOf(1);
    expect(host.presented[0]).to.have.property('challengeId', CHALLENGE);
    expect(host.presented[0]?.evidence).to.have.property('provenBy', 'trusted-proxy');
    expect(Buffer.from(host.presented[0]?.evidence?.unverifiedCertificate.der ?? []).equals(card.certificate)).to.equal(
      true,
    );
  });

  it('refuses a request that names two hosts, even the same: the proxy may have read the other one (RFC 9112 3.2)', async () => {
    const mine = `${LABEL}.${DOMAIN}`;
    for (const Host of [
      [mine, `other.${DOMAIN}`],
      [`other.${DOMAIN}`, mine],
      [mine, mine],
    ]) {
      const answer = await ask({ 'Client-Cert': certificate, Host });
      expect([answer.status, answer.body.includes('REQUEST_MALFORMED')]).to.deep.equal([400, true]);
    }
    expect(host.presented).to.deep.equal([]);
  });

  it('a refused card goes back to its interaction as well', async () => {
    expect((await ask()).status).to.equal(303);
    expect(host.presented).to.deep.equal([{ challengeId: CHALLENGE, code: 'CARD_NOT_PRESENTED' }]);
  });

  it('a label with a port, or in capitals, is the same label', async () => {
    for (const name of [`${LABEL}.${DOMAIN}:4443`, `${LABEL}.${DOMAIN}`.toUpperCase()]) await ask({ Host: name });
    expect(host.presented.map(({ challengeId }) => challengeId)).to.deep.equal([CHALLENGE, CHALLENGE]);
  });

  it('an attempt that was never issued ends on a page, for there is no interaction to go back to', async () => {
    const answer = await ask({ Host: `${UNKNOWN.slice(0, 32)}.${DOMAIN}` }, `/${UNKNOWN.slice(32)}`);
    expect(answer.status).to.equal(400);
    expect(answer.headers.location).to.equal(undefined);
    expect(answer.body).to.include('CHALLENGE_UNKNOWN');
  });

  for (const [what, name] of Object.entries({
    'without a label': DOMAIN,
    'with an empty label': `.${DOMAIN}`,
    'with two labels': `${LABEL}.${LABEL}.${DOMAIN}`,
    'of another domain': `${LABEL}.card.example`,
    'that only ends like ours': `${LABEL}.evil${DOMAIN}`,
    'that continues ours': `${LABEL}.${DOMAIN}.evil.example`,
  })) {
    it(`a name ${what} has no page, and nothing is presented`, async () => {
      const answer = await ask({ Host: name, 'Client-Cert': certificate });
      expect(answer.status).to.equal(404);
      expect(answer.body).to.include('PAGE_NOT_FOUND');
      expect(host.presented).to.deep.equal([]);
    });
  }

  for (const [path, method] of [
    ['/favicon.ico', 'GET'],
    ['/', 'GET'],
    [`/${PATH}`, 'GET'],
    [`${PATH}/`, 'GET'],
    [`${PATH};x`, 'GET'],
    [`/x/..${PATH}`, 'GET'],
    [`/%62${'b'.repeat(31)}`, 'GET'],
    [PATH, 'POST'],
    [PATH, 'HEAD'],
    [PATH, 'OPTIONS'],
  ] as const) {
    it(`${method} ${path} has no page, and uses no attempt up`, async () => {
      expect((await ask({ 'Client-Cert': certificate }, path, method)).status).to.equal(404);
      expect(host.presented).to.deep.equal([]);
    });
  }

  it('every answer closes its connection, a refusal too: the next one needs the card again', async () => {
    for (const path of [PATH, '/favicon.ico']) expect((await ask({}, path)).headers.connection).to.equal('close');
  });

  it('every answer has the headers of our pages', async () => {
    for (const path of [PATH, '/favicon.ico']) {
      const { headers } = await ask({}, path);
      expect(headers).to.include({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
      expect(headers['content-security-policy']).to.include("default-src 'none'");
    }
  });

  it('a header of a peer that is not listed is not believed', async () => {
    const stranger = await start({ kind: 'header', preset: 'rfc9440', peers: trustedPeers(['127.0.0.2']) });
    await send({
      port: stranger.port,
      path: PATH,
      headers: { Host: `${LABEL}.${DOMAIN}`, 'Client-Cert': certificate },
    });
    await stop(stranger.server);
    expect(stranger.presented).to.deep.equal([{ challengeId: CHALLENGE, code: 'PROXY_NOT_TRUSTED' }]);
  });
});

describe('the card host that ends TLS itself', () => {
  const authority = createTestAuthority();
  const card = issueTestCard(authority.issuing);
  const stranger = issueTestCard(createTestAuthority().issuing);
  const now = new Date(); // TLS looks at the system's clock, whatever ours says
  const tlsRoot = createTlsRoot(now);
  const serverKeys = generateKeys();
  const pemKey = (keys: { privateKey: typeof serverKeys.privateKey }): string =>
    keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const mode: CardHostParts['mode'] = {
    kind: 'tls',
    credentials: {
      certificate: Buffer.from(pemOf(issueServerCertificate(tlsRoot, serverKeys.publicKey, now))),
      key: Buffer.from(pemKey(serverKeys)),
    },
    offeredIssuers: [parseCertificate(authority.issuing.certificate).subject],
  };
  let host: Awaited<ReturnType<typeof start>>;

  beforeEach(async () => {
    host = await start(mode);
  });
  afterEach(() => stop(host.server));

  async function ask(options: RequestOptions = {}): Promise<{ status: number; location: string | undefined }> {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: host.port,
      path: PATH,
      agent: false,
      servername: `${LABEL}.${DOMAIN}`,
      headers: { Host: `${LABEL}.${DOMAIN}` },
      ca: pemOf(tlsRoot.certificate),
      ...options,
    });
    outgoing.end();
    const [answer] = await once(outgoing, 'response');
    answer.resume();
    await once(answer, 'end');
    return { status: answer.statusCode, location: answer.headers.location };
  }

  const withCard = (of: typeof card): { cert: string; key: string } => ({
    cert: pemOf(of.certificate),
    key: pemKey(of.keys),
  });

  /** Whether a session of a handshake with a card is taken up by a later one without. */
  async function isReusable(version: 'TLSv1.2' | 'TLSv1.3'): Promise<boolean> {
    const sessions: Buffer[] = [];
    const connectOnce = async (options: object): Promise<boolean> => {
      const socket = connect({
        host: '127.0.0.1',
        port: host.port,
        servername: `${LABEL}.${DOMAIN}`,
        ca: pemOf(tlsRoot.certificate),
        minVersion: version,
        maxVersion: version,
        ...options,
      });
      socket.on('session', (session: Buffer) => sessions.push(session));
      await once(socket, 'secureConnect');
      const reused = socket.isSessionReused();
      socket.end(`GET ${PATH} HTTP/1.1\r\nHost: ${LABEL}.${DOMAIN}\r\n\r\n`);
      socket.resume();
      await once(socket, 'close');
      return reused;
    };
    let reused = await connectOnce(withCard(card));
    for (const session of [...sessions]) reused = (await connectOnce({ session })) || reused;
    return reused;
  }

  it('takes the certificate whose key the handshake proved', async () => {
    expect((await ask(withCard(card))).location).to.equal(
      `${ISSUER}/auth/interaction-1/sign-in/card?hand-off=${TOKEN}`,
    );
    const [presented] = host.presented;
    expect(presented?.evidence).to.have.property('provenBy', 'tls-handshake');
    expect(Buffer.from(presented?.evidence?.unverifiedCertificate.der ?? []).equals(card.certificate)).to.equal(true);
  });

  it('certificates that come beside it are not it (S5)', async () => {
    const other = issueTestCard(authority.issuing);
    await ask({ ...withCard(card), cert: pemOf(card.certificate) + pemOf(other.certificate) });
    expect(Buffer.from(host.presented[0]?.evidence?.unverifiedCertificate.der ?? []).equals(card.certificate)).to.equal(
      true,
    );
  });

  it('lets the handshake of an unknown issuer through: refusing is for the decision, with its code', async () => {
    expect((await ask(withCard(stranger))).status).to.equal(303);
    expect(host.presented[0]).to.have.property('evidence');
  });

  it('no certificate is CARD_NOT_PRESENTED', async () => {
    expect((await ask()).status).to.equal(303);
    expect(host.presented).to.deep.equal([{ challengeId: CHALLENGE, code: 'CARD_NOT_PRESENTED' }]);
  });

  it('a certificate in a header counts for nothing here (S1)', async () => {
    const forged = `:${card.certificate.toString('base64')}:`;
    await ask({ headers: { Host: `${LABEL}.${DOMAIN}`, 'Client-Cert': forged } });
    expect(host.presented).to.deep.equal([{ challengeId: CHALLENGE, code: 'CARD_NOT_PRESENTED' }]);
  });

  it('the name of the handshake and the name of the request must be one', async () => {
    const other = randomBytes(16).toString('hex');
    expect((await ask({ ...withCard(card), headers: { Host: `${other}.${DOMAIN}` } })).status).to.equal(404);
    expect(host.presented).to.deep.equal([]);
  });

  it('other issuers may be offered while it runs; nothing else changes', async () => {
    offerIssuers(host.server, mode, [parseCertificate(createTestAuthority().issuing.certificate).subject]);
    expect((await ask(withCard(card))).status).to.equal(303);
    expect((await ask()).status).to.equal(303);
    expect(host.presented.map(({ code }) => code)).to.deep.equal([undefined, 'CARD_NOT_PRESENTED']);
    expect(await isReusable('TLSv1.3')).to.equal(false);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`${version}: no session is ever resumed`, async () => {
      expect(await isReusable(version)).to.equal(false);
      expect(host.presented.filter(({ evidence }) => evidence !== undefined)).to.have.lengthOf(1);
    });
  }

  it('answers one request a connection', async () => {
    const socket = connect({
      host: '127.0.0.1',
      port: host.port,
      servername: `${LABEL}.${DOMAIN}`,
      ca: pemOf(tlsRoot.certificate),
      ...withCard(card),
    });
    await once(socket, 'secureConnect');
    const twice = `GET ${PATH} HTTP/1.1\r\nHost: ${LABEL}.${DOMAIN}\r\n\r\n`.repeat(2);
    socket.write(twice);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer); // without an encoding, chunks are octets
    expect(
      Buffer.concat(chunks)
        .toString()
        .match(/HTTP\/1\.1 303/g),
    ).to.have.lengthOf(1);
    expect(host.presented).to.have.lengthOf(1);
  });

  it('TLS 1.1 is not spoken', async () => {
    const socket = connect({
      host: '127.0.0.1',
      port: host.port,
      servername: `${LABEL}.${DOMAIN}`,
      ca: pemOf(tlsRoot.certificate),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = await once(socket, 'error');
    expect(String(error.code)).to.match(/^ERR_SSL_/);
  });
});
