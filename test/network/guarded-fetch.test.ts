import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import { isPublicAddress } from '../../src/network/address-rules.ts';
import { createGuardedFetch, type FetchRules } from '../../src/network/guarded-fetch.ts';

async function refusal(promise: Promise<unknown>): Promise<ServiceError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(ServiceError);
    if (error instanceof ServiceError) return error;
  }
  return expect.fail('answered, where an error was due');
}

/** A resolver that gives the listed answers, one list for each question. */
function resolver(...answers: readonly (readonly string[])[]): { lookup: LookupFunction; asked: () => number } {
  let asked = 0;
  const lookup: LookupFunction = (_hostname, _options, done) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { lookup, asked: () => asked };
}

describe('outgoing requests: which addresses are public', () => {
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450:4007::1', '2606:4700::1111']) {
    it(`accepts ${address}`, () => expect(isPublicAddress(address)).to.equal(true));
  }
  const special = [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.9.9.9',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.168.1.1', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      'fe80::1',
      'fc00::1',
      'fd00::1',
      'ff02::1',
    ],
    ...['2001:db8::1', '2002:7f00:1::', '2001::1'],
    ...['localhost', ''],
  ];
  for (const address of special) {
    it(`refuses ${address || 'nothing'}`, () => expect(isPublicAddress(address)).to.equal(false));
  }
});

describe('outgoing requests: the guarded fetch', () => {
  let server: Server;
  let port = 0;
  let requests: string[] = [];
  let answer: RequestListener = (_request, response) => void response.end('CRL');

  before(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server's address is an object; only that of a pipe is a string.
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    requests = [];
    answer = (_request, response) => void response.end('CRL');
  });

  const rules = (changes: Partial<FetchRules> = {}): FetchRules => ({
    allowedHosts: [`crl.example:${port}`, `other.example:${port}`],
    privateHosts: [`crl.example:${port}`],
    timeoutMilliseconds: 10_000,
    maximumOctets: 1000,
    ...changes,
  });
  const loopback = resolver(['127.0.0.1']).lookup;

  it('fetches from a listed host', async () => {
    const fetched = await createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/a.crl`);
    expect(fetched.status).to.equal(200);
    expect(fetched.body.toString()).to.equal('CRL');
  });

  it('sends a body with POST', async () => {
    answer = (request, response) => void request.pipe(response);
    const fetched = await createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`, {
      method: 'POST',
      body: Buffer.from('asked'),
    });
    expect(fetched.body.toString()).to.equal('asked');
    expect(requests).to.deep.equal(['POST /']);
  });

  it('answers 304 to a conditional request', async () => {
    answer = (request, response) =>
      void response.writeHead(request.headers['if-none-match'] === '"1"' ? 304 : 200).end();
    const fetched = await createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`, {
      headers: { 'if-none-match': '"1"' },
    });
    expect(fetched.status).to.equal(304);
  });

  const refused: readonly (readonly [string, (listening: number) => string])[] = [
    ['a host that is not listed', (listening) => `http://evil.example:${listening}/`],
    ['another port of a listed host', () => 'http://crl.example:22/'],
    ['the standard port where another is listed', () => 'http://crl.example/'],
    ['file:', () => 'file:///etc/passwd'],
    ['ldap:', () => 'ldap://crl.example/cn=ca'],
    ['credentials', (listening) => `http://a:b@crl.example:${listening}/`],
    ['what is no URL', () => 'crl.example'],
    ['a literal loopback address', (listening) => `http://127.0.0.1:${listening}/`],
  ];
  for (const [what, address] of refused) {
    it(`refuses ${what} without a connection`, async () => {
      const error = await refusal(createGuardedFetch(rules(), loopback)(address(port)));
      expect(error.code).to.equal('FETCH_REFUSED');
      expect(requests).to.deep.equal([]);
    });
  }

  it('takes a listed host without a port for the standard ports alone', async () => {
    const fetch = createGuardedFetch(rules({ allowedHosts: ['crl.example'] }), loopback);
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_REFUSED');
  });

  it('refuses a literal private address although it is on the allow list', async () => {
    const allowedHosts = [`127.0.0.1:${port}`, `[::1]:${port}`];
    for (const host of allowedHosts) {
      const error = await refusal(createGuardedFetch(rules({ allowedHosts }))(`http://${host}/`));
      expect(error.code).to.equal('FETCH_REFUSED');
    }
    expect(requests).to.deep.equal([]);
    const fetched = await createGuardedFetch(rules({ allowedHosts, privateHosts: allowedHosts }))(
      `http://127.0.0.1:${port}/`,
    );
    expect(fetched.status).to.equal(200);
  });

  for (const answers of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::ffff:127.0.0.1'], ['169.254.169.254']]) {
    it(`refuses a public name that resolves to ${answers.join(' and ')}`, async () => {
      const error = await refusal(
        createGuardedFetch(rules(), resolver(answers).lookup)(`http://other.example:${port}/`),
      );
      expect(error.code).to.equal('FETCH_REFUSED');
      expect(requests).to.deep.equal([]);
    });
  }

  it('resolves a name once: what it resolves to afterwards changes nothing', async () => {
    const rebinding = resolver(['127.0.0.1'], ['192.168.0.1']);
    await createGuardedFetch(rules(), rebinding.lookup)(`http://crl.example:${port}/`);
    expect(rebinding.asked()).to.equal(1);
    expect(requests).to.have.length(1);
  });

  it('follows a redirect to a listed host', async () => {
    answer = (request, response) =>
      void (request.url === '/new' ? response.end('CRL') : response.writeHead(302, { location: '/new' }).end());
    const fetched = await createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/old`);
    expect(fetched.body.toString()).to.equal('CRL');
  });

  const targets: readonly (readonly [string, (listening: number) => string])[] = [
    ['a host that is not listed', (listening) => `http://evil.example:${listening}/`],
    ['a literal private address', (listening) => `http://127.0.0.1:${listening}/`],
    ['a listed name of a private address', (listening) => `http://other.example:${listening}/`],
    ['file:', () => 'file:///etc/passwd'],
  ];
  for (const [what, target] of targets) {
    it(`refuses a redirect to ${what}`, async () => {
      answer = (_request, response) => void response.writeHead(302, { location: target(port) }).end();
      const error = await refusal(createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`));
      expect(error.code).to.equal('FETCH_REFUSED');
      expect(requests).to.deep.equal(['GET /']);
    });
  }

  it('refuses an endless redirect', async () => {
    answer = (_request, response) => void response.writeHead(302, { location: '/' }).end();
    const error = await refusal(createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`));
    expect(error.code).to.equal('FETCH_REFUSED');
    expect(requests).to.have.length(3);
  });

  it('accepts an answer of exactly the limit and aborts one that is an octet longer', async () => {
    const fetch = createGuardedFetch(rules(), loopback);
    answer = (_request, response) => void response.end(Buffer.alloc(1000));
    expect((await fetch(`http://crl.example:${port}/`)).body).to.have.length(1000);
    for (const announced of [true, false]) {
      answer = (_request, response) => {
        if (announced) response.setHeader('content-length', 1001);
        response.write(Buffer.alloc(1000));
        response.end(Buffer.alloc(1));
      };
      expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_TOO_LARGE');
    }
  });

  it('gives up on a server that never answers, and on one that never ends its answer', async () => {
    const fetch = createGuardedFetch(rules({ timeoutMilliseconds: 60 }), loopback);
    answer = () => undefined;
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_TIMEOUT');
    answer = (_request, response) => void response.write('C');
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_TIMEOUT');
  });

  it('gives up on a name that never resolves', async () => {
    const fetch = createGuardedFetch(rules({ timeoutMilliseconds: 60 }), () => undefined);
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_TIMEOUT');
  });

  it('ends at an answer that changes the protocol', async () => {
    answer = (_request, response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    };
    const error = await refusal(createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`));
    expect(error.code).to.equal('FETCH_FAILED');
  });

  it('refuses an answer that is cut off', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('CRL', () => response.destroy());
    };
    expect((await refusal(createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`))).code).to.equal(
      'FETCH_FAILED',
    );
  });

  it('refuses a compressed answer and every status but 200 and 304', async () => {
    const fetch = createGuardedFetch(rules(), loopback);
    answer = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_FAILED');
    answer = (_request, response) => void response.writeHead(404).end('CRL');
    expect((await refusal(fetch(`http://crl.example:${port}/`))).code).to.equal('FETCH_FAILED');
  });

  it('stops when the caller aborts', async () => {
    const abort = new AbortController();
    answer = () => abort.abort();
    const fetching = createGuardedFetch(rules(), loopback)(`http://crl.example:${port}/`, { signal: abort.signal });
    expect((await refusal(fetching)).code).to.equal('FETCH_FAILED');
  });
});
