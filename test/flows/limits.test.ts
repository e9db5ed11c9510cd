/**
 * The limits of the whole service: whom they stop, where, and with what answer.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { signInWithCard } from '../../src/demo/sign-in.ts';
import { proofKey, registerRelyingParty } from '../support/relying-party.ts';
import { type Answer, send } from '../support/request.ts';
import { startTestService, type TestService } from '../support/service.ts';

const PER_ADDRESS = { points: 4, seconds: 3600 };

describe('an address that asks too often', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService({ limits: { perAddress: PER_ADDRESS } });
  });
  after(() => service.dispose());

  const port = (): number => Number(new URL(service.issuer).port);
  /** As a proxy on loopback would forward it. */
  const from = (address: string, path = '/auth', headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    send({ port: port(), path, method, headers: { 'X-Forwarded-For': address, Accept: 'text/html', ...headers } });
  async function last(address: string, times: number, path?: string, method?: string): Promise<Answer> {
    let answer = await from(address, path, {}, method);
    for (let number = 1; number < times; number++) answer = await from(address, path, {}, method);
    return answer;
  }
  const limited = async () =>
    (await service.auditRecords()).filter(({ event }) => event.type === 'address.limited').length;

  it('gets a page in its language with the code and when to come back, and others are served', async () => {
    // A request that is refused costs two points.
    expect((await last('192.0.2.1', 2)).status).to.equal(400);
    const answer = await from('192.0.2.1', '/auth', { 'Accept-Language': 'en' });
    expect(answer.status).to.equal(429);
    expect(answer.body).to.include('TOO_MANY_REQUESTS').and.to.include('Too many attempts');
    expect(Number(answer.headers['retry-after'])).to.be.within(1, PER_ADDRESS.seconds);
    for (const [language, title] of [
      ['ar', 'محاولات كثيرة جدًا'],
      ['fr', 'Trop de tentatives'],
      ['zgh', 'ⴳⴳⵓⵜⵏⵜ ⵜⵉⴽⴽⴰⵍ'],
    ] as const) {
      expect((await from('192.0.2.1', '/auth', { 'Accept-Language': language })).body).to.include(title);
    }
    expect((await from('192.0.2.2')).status).to.equal(400);
  });

  it('gets an OAuth error where it asked for no page', async () => {
    await last('192.0.2.3', 3);
    const answer = await from('192.0.2.3', '/token', { Accept: 'application/json' }, 'POST');
    expect(answer.status).to.equal(429);
    expect(JSON.parse(answer.body)).to.deep.equal({
      error: 'temporarily_unavailable',
      error_description: 'TOO_MANY_REQUESTS',
    });
  });

  it('is on record once, without its address', async () => {
    const before = await limited();
    await last('198.51.100.77', 9);
    expect(await limited()).to.equal(before + 1);
    const text = service.logText() + JSON.stringify(await service.auditRecords());
    expect(text).not.to.include('198.51.100.77');
  });

  for (const [index, [what, path, method]] of Object.entries([
    ['authorization requests in another spelling', '/AUTH/', 'GET'],
    ['challenges', '/auth/unknown/sign-in/card', 'POST'],
    ['Web eID challenges', '/auth/unknown/sign-in/web-eid/challenge', 'POST'],
    ['sign-ins that are unknown', '/auth/unknown/sign-in', 'GET'],
    ['token requests that are refused', '/token', 'POST'],
    ['pushed requests that are refused', '/request', 'POST'],
    ['addresses where nothing is', '/wp-login.php', 'GET'],
  ] as const)) {
    it(`is stopped after too many ${what}`, async () => {
      const address = `203.0.113.${index}`;
      const answers = [];
      for (let number = 0; number < 6; number++) answers.push((await from(address, path, {}, method)).status);
      expect(answers[0]).to.be.within(400, 404);
      expect(answers.at(-1)).to.equal(429);
    });
  }

  it('is stopped after too many ends of a session, of which each is remembered for a while', async () => {
    const statuses = [];
    for (let number = 0; number < 6; number++) statuses.push((await from('192.0.2.70', '/session/end')).status);
    expect(statuses).to.deep.equal([200, 200, 200, 200, 429, 429]);
  });

  it('is stopped, served or refused, where it asks in the name of a public portal, which anybody can', async () => {
    const statuses = async (method: string, address: string): Promise<readonly number[]> => {
      const portal = await registerRelyingParty(service, { registration: { token_endpoint_auth_method: method } });
      const asked = [];
      for (let number = 0; number < 6; number++) {
        const endpoint = portal.endpoint(number % 2 === 0 ? 'pushed_authorization_request' : 'introspection');
        const parameters = { ...portal.requestParameters(proofKey().parameters), token: 'x' };
        asked.push((await portal.post(endpoint, parameters, { 'X-Forwarded-For': address })).status);
      }
      return asked;
    };
    expect(await statuses('none', '192.0.2.60')).to.deep.equal([201, 401, 201, 401, 429, 429]);
    // The server of a portal that has a secret asks for many citizens.
    expect(await statuses('client_secret_basic', '192.0.2.61')).to.deep.equal([201, 200, 201, 200, 201, 200]);
  });

  it('may still read what is for everybody and costs nothing', async () => {
    for (let number = 0; number < 10; number++) {
      expect((await from('192.0.2.9', '/.well-known/openid-configuration')).status).to.equal(200);
      expect((await from('192.0.2.9', '/healthz')).status).to.equal(200);
    }
  });

  it('is stopped at the card host, in all its labels together', async () => {
    const statuses = [];
    for (let number = 0; number < 6; number++) {
      const servername = `${String(number).repeat(32)}.card.localhost`;
      const headers = { Host: servername, 'X-Forwarded-For': '192.0.2.50' };
      const answer = await send({ port: service.cardPort, path: `/${'b'.repeat(32)}`, servername, headers });
      statuses.push(answer.status);
      expect(answer.headers.connection).to.equal('close');
    }
    expect(statuses).to.deep.equal([400, 400, 400, 400, 429, 429]);
  });
});

describe('an address that holds its connections', () => {
  it('gets no more of the card host until it ends one', async () => {
    const service = await startTestService({ limits: { connectionsPerAddress: 2, trustedProxies: [] } });
    const held = [connect(service.cardPort, '127.0.0.1'), connect(service.cardPort, '127.0.0.1')];
    try {
      await Promise.all(held.map((socket) => once(socket, 'connect')));
      const servername = `${'a'.repeat(32)}.card.localhost`;
      const ask = () => send({ port: service.cardPort, path: '/', servername, headers: { Host: servername } });
      expect(await ask().catch((error: NodeJS.ErrnoException) => error.code)).to.equal('ECONNRESET');
      held[0]?.destroy();
      let status: number | undefined;
      while (status === undefined) {
        status = await ask().then(
          (answer) => answer.status,
          () => undefined,
        );
      }
      expect(status).to.equal(404);
    } finally {
      for (const socket of held) socket.destroy();
      await service.dispose();
    }
  });
});

describe('a client that breaks off its own request', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  for (const [what, rest] of [
    ['with a chunk that is none', 'zz\r\n'],
    ['with a chunk whose extension does not end', `1;${'x'.repeat(64 * 1024)}`],
    ['by going away', undefined],
  ] as const) {
    it(`is no failure of the service: ${what}`, async () => {
      const port = Number(new URL(service.issuer).port);
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(
        'POST /token HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n' +
          'Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      await once(socket, 'data'); // its body is asked for
      if (rest === undefined) socket.destroy();
      else socket.resume().write(rest);
      await closed;
      // What comes later stands in the log below it.
      const lines = (): string[] => service.logText().split('\n');
      const before = lines().filter((line) => line.includes('"status":404')).length;
      expect((await send({ port, path: '/nothing', method: 'GET', headers: {} })).status).to.equal(404);
      while (lines().filter((line) => line.includes('"status":404')).length === before) {
        await new Promise(setImmediate);
      }
      expect(lines().filter((line) => line.includes('"level":50'))).to.deep.equal([]);
    });
  }
});

describe('a portal that asks too often', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService({ limits: { perClient: { points: 2, seconds: 3600 } } });
  });
  after(() => service.dispose());

  it('is refused after its points, of which a sign-in takes two, and is on record once', async () => {
    const signIn = () =>
      signInWithCard({ portal: service.portal, card: service.card('valid'), tlsRootPem: service.tlsRootPem });
    expect(await signIn()).to.have.property('claims');
    for (let number = 0; number < 2; number++) {
      const outcome = await signIn().catch((error: unknown) => error);
      expect(outcome).not.to.have.property('claims');
    }
    const events = (await service.auditRecords()).map(({ event }) => event);
    expect(events.filter(({ type }) => type === 'portal.limited')).to.have.lengthOf(1);
    expect(events.filter(({ type }) => type === 'portal.refused')).to.have.lengthOf(0);
    expect(service.logText()).to.include('"status":429');
  });
});
