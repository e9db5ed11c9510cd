import { expect } from 'chai';
import Koa from 'koa';
import { CertificateError, ServiceError } from '../../src/errors.ts';
import { catchErrors, requestReference } from '../../src/http/refusal-page.ts';
import type { Log } from '../../src/operations/log.ts';
import { AT } from '../support/authority.ts';
import { type TestAudit, testAudit } from '../support/ports.ts';
import { type Answer, get } from '../support/request.ts';

const SECRET = 'PNOMA-ZZ987654';

interface Refusal {
  readonly reference: string;
  readonly code: string;
  readonly error: unknown;
}

function setUp(respond: Koa.Middleware, audit: TestAudit = testAudit()) {
  const refusals: Refusal[] = [];
  const log: Log = {
    info() {},
    request() {},
    refusal: (reference, code, error) => void refusals.push({ reference, code, error }),
    failure() {},
  };
  const app = new Koa();
  app.use(catchErrors({ assets: 'https://id.example.ma', log, audit: audit.log, clock: () => AT }));
  app.use(respond);
  return { app, refusals, audit };
}

const throwing = (error: unknown): Koa.Middleware => {
  return () => {
    throw error;
  };
};

/** As a browser asks: it wants a page. */
const browse = (app: Koa, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  get(app, path, { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers });

const expectPage = (answer: Answer, status: number, code: string): void => {
  expect(answer.status).to.equal(status);
  expect(answer.headers['content-type']).to.match(/^text\/html/);
  expect(answer.body).to.include(code);
};

describe('anything thrown becomes a page', () => {
  it('an answer passes as it is', async () => {
    const { app, refusals } = setUp((ctx) => {
      ctx.body = 'page';
    });
    expect(await browse(app)).to.include({ status: 200, body: 'page' });
    expect(refusals).to.deep.equal([]);
  });

  it('in the language that the request of a portal wishes, where there is one such wish', async () => {
    const { app } = setUp(throwing(new ServiceError('INTERACTION_NOT_FOUND', 'reason')));
    const languageOf = async (path: string) =>
      /<html lang="(\w+)"/.exec((await browse(app, path, { 'Accept-Language': 'en' })).body)?.[1];
    expect(await languageOf('/auth?ui_locales=de%20ar-MA')).to.equal('ar');
    expect(await languageOf('/auth?ui_locales=ar&ui_locales=fr')).to.equal('en');
    expect(await languageOf('/auth')).to.equal('en');
  });

  it('of ours: the status and the code of its table, a reference, never its reason', async () => {
    const error = new CertificateError('CERT_EXPIRED', 'reason for the operator');
    const { app, refusals } = setUp(throwing(error));
    const answer = await browse(app);
    expectPage(answer, 403, 'CERT_EXPIRED');
    expect(answer.body).to.not.include('reason for the operator');
    expect(refusals).to.have.lengthOf(1);
    expect(refusals[0]).to.include({ code: 'CERT_EXPIRED', error });
    expect(answer.body).to.include(refusals[0]?.reference);
  });

  for (const [what, thrown] of Object.entries({
    'a foreign error': new RangeError(SECRET),
    'a text': SECRET,
    'an error that says of itself that it may be shown': Object.assign(new Error(SECRET), {
      expose: true,
      status: 500,
    }),
    'an error that claims a good status': Object.assign(new Error(SECRET), { expose: true, status: 200 }),
  })) {
    it(`${what}: INTERNAL, and nothing of it`, async () => {
      const { app, refusals } = setUp(throwing(thrown));
      const answer = await browse(app);
      expectPage(answer, 500, 'INTERNAL');
      expect(answer.body).to.not.include(SECRET);
      expect(answer.body).to.not.match(/\bat .+:\d+:\d+/);
      expect(refusals[0]).to.include({ code: 'INTERNAL', error: thrown });
    });
  }

  it('nothing at the address: PAGE_NOT_FOUND', async () => {
    const { app, refusals } = setUp(() => {});
    expectPage(await browse(app, '/nowhere'), 404, 'PAGE_NOT_FOUND');
    expect(refusals).to.deep.equal([]);
  });

  it("the page speaks the citizen's language", async () => {
    const { app } = setUp(throwing(new ServiceError('PAGE_NOT_FOUND', 'x')));
    expect((await browse(app, '/', { 'Accept-Language': 'ar' })).body).to.include('<html lang="ar" dir="rtl">');
  });

  it('the address of a request is not on the page', async () => {
    const { app } = setUp(throwing(new ServiceError('PAGE_NOT_FOUND', 'x')));
    expect((await browse(app, '/<script>alert(1)</script>?a=<b>')).body).to.not.include('alert(1)');
  });
});

describe('a program that asked for no page gets an OAuth error (RFC 6749 5.2)', () => {
  for (const accept of ['application/json', '*/*', 'image/png']) {
    it(`Accept: ${accept}`, async () => {
      const { app } = setUp(throwing(new CertificateError('CERT_EXPIRED', 'reason for the operator')));
      const answer = await get(app, '/', { Accept: accept });
      expect(answer.status).to.equal(403);
      expect(JSON.parse(answer.body)).to.deep.equal({ error: 'access_denied', error_description: 'CERT_EXPIRED' });
    });
  }

  it('which says of a foreign error no more than the page does', async () => {
    const { app } = setUp(throwing(new RangeError(SECRET)));
    expect(JSON.parse((await get(app, '/')).body)).to.deep.equal({
      error: 'server_error',
      error_description: 'INTERNAL',
    });
  });
});

describe('a request out of place is on record', () => {
  for (const [code, status] of [
    ['INTERACTION_NOT_FOUND', 404],
    ['REQUEST_MALFORMED', 400],
    ['REQUEST_TOO_LARGE', 413],
  ] as const) {
    it(code, async () => {
      const { app, audit } = setUp(throwing(new ServiceError(code, 'x')));
      expectPage(await browse(app), status, code);
      expect(audit.events()).to.deep.equal([{ type: 'request.refused', code }]);
    });
  }

  it('what is recorded where it is decided is not recorded twice', async () => {
    const { app, audit } = setUp(throwing(new CertificateError('CERT_EXPIRED', 'x')));
    await browse(app);
    expect(audit.events()).to.deep.equal([]);
  });

  it('when it cannot be recorded, the page says so, and so does the log', async () => {
    const audit = testAudit();
    audit.fail();
    const { app, refusals } = setUp(throwing(new ServiceError('REQUEST_MALFORMED', 'x')), audit);
    expectPage(await browse(app), 503, 'AUDIT_UNAVAILABLE');
    expect(refusals.map(({ code }) => code)).to.deep.equal(['REQUEST_MALFORMED', 'AUDIT_UNAVAILABLE']);
  });
});

describe('the reference of a request', () => {
  it('is one for a request, another for the next, and says nothing', async () => {
    const { app } = setUp((ctx) => {
      ctx.body = [requestReference(ctx), requestReference(ctx)];
    });
    const [first, second] = (await Promise.all([browse(app), browse(app)])).map(({ body }) => JSON.parse(body));
    expect(first[0]).to.equal(first[1]);
    expect(first[0]).to.match(/^[0-9a-f-]{36}$/);
    expect(second[0]).to.not.equal(first[0]);
  });
});
