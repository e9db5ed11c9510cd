import { expect } from 'chai';
import Koa from 'koa';
import type { Provider } from 'oidc-provider';
import { ServiceError } from '../../src/errors.ts';
import { auditAssertions } from '../../src/oidc/audited-endpoints.ts';
import { testAudit } from '../support/ports.ts';
import { get } from '../support/request.ts';

const CODE = { accountId: 'account-1', grantId: 'grant-1' };
const CLIENT = { clientId: 'passport-renewal' };

interface Response {
  readonly route?: string;
  readonly client?: unknown;
  readonly code?: unknown;
  readonly entities?: Readonly<Record<string, unknown>>;
  /** Why the certificate of a portal does not count. */
  readonly refusalCode?: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
  readonly shown?: string;
}

/** One answer of the provider, and what stands on record afterwards. */
async function answer(response: Response, audit = testAudit()) {
  const app = new Koa();
  app.silent = true;
  let refused: unknown;
  app.use(async (_ctx, next) => {
    try {
      await next();
    } catch (error) {
      refused = error;
      throw error;
    }
  });
  // The provider's middleware is koa's, with more in its context.
  app.use(auditAssertions(audit.log) as unknown as Koa.Middleware satisfies Parameters<Koa['use']>[0]);
  app.use((ctx) => {
    if (response.route !== undefined) {
      const entities = { AuthorizationCode: response.code, ...response.entities };
      ctx.oidc = { route: response.route, client: response.client, entities };
    }
    if (response.location !== undefined) ctx.set('Location', response.location);
    if (response.shown !== undefined) ctx.state.oauthError = response.shown;
    if (response.refusalCode !== undefined) ctx.state.refusalCode = response.refusalCode;
    ctx.status = response.status ?? 200;
    ctx.body = response.body ?? {};
  });
  const { status, body } = await get(app, '/');
  return { status, body, refused, events: audit.events() };
}

describe('an assertion is on record before it leaves', () => {
  const issued: Response = { route: 'token', client: CLIENT, code: CODE, body: { id_token: 'SECRET' } };

  it('with portal, account and grant, and nothing of the token', async () => {
    const { events } = await answer(issued);
    expect(events).to.deep.equal([
      { type: 'assertion.issued', clientId: 'passport-renewal', accountId: 'account-1', grantId: 'grant-1' },
    ]);
  });

  it('or does not leave', async () => {
    const audit = testAudit();
    audit.fail();
    const { status, body, refused } = await answer(issued, audit);
    expect(status).to.equal(500);
    expect(body).to.not.include('SECRET');
    expect(refused).to.be.instanceOf(ServiceError).and.have.property('code', 'AUDIT_UNAVAILABLE');
  });

  for (const [what, changes] of Object.entries({
    'a code': { code: undefined },
    'an account': { code: { grantId: 'grant-1' } },
    'a grant': { code: { accountId: 'account-1' } },
    'a client': { client: undefined },
  })) {
    it(`a token answer without ${what} does not leave: nobody knows what it says`, async () => {
      const { status, refused } = await answer({ ...issued, ...changes });
      expect(status).to.equal(500);
      expect(refused).to.be.instanceOf(TypeError);
    });
  }
});

describe('a token that a portal revokes (RFC 7009)', () => {
  const token = { clientId: 'passport-renewal', accountId: 'account-1' };
  const revoked = (entities: Readonly<Record<string, unknown>>, status = 200) =>
    answer({ route: 'revocation', client: CLIENT, status, entities });

  it('is on record, of either kind', async () => {
    const event = { type: 'token.revoked', clientId: 'passport-renewal', accountId: 'account-1' };
    expect((await revoked({ AccessToken: token })).events).to.deep.equal([event]);
    expect((await revoked({ RefreshToken: token })).events).to.deep.equal([event]);
  });
  it('is not, where it was left alone: one of another portal, or none', async () => {
    expect((await revoked({ AccessToken: { ...token, clientId: 'other' } })).events).to.deep.equal([]);
    expect((await revoked({})).events).to.deep.equal([]);
    expect((await revoked({ AccessToken: token }, 401)).events).to.deep.equal([
      { type: 'portal.refused', endpoint: 'revocation', error: 'http_401', clientId: 'passport-renewal' },
    ]);
  });
});

describe('a refusal that a portal gets is on record', () => {
  it('with the rule that its certificate breaks', async () => {
    const body = { error: 'invalid_client' };
    const { events } = await answer({ route: 'token', status: 401, body, refusalCode: 'CERT_REVOKED' });
    expect(events).to.deep.equal([
      { type: 'portal.refused', endpoint: 'token', error: 'invalid_client', code: 'CERT_REVOKED' },
    ]);
  });

  for (const [where, response, error] of [
    ['in the body', { route: 'token', status: 400, body: { error: 'invalid_grant' } }, 'invalid_grant'],
    [
      'in the redirect back to it',
      { route: 'authorization', status: 303, location: 'https://a.example/cb?error=access_denied&state=SECRET' },
      'access_denied',
    ],
    [
      'on the page of the citizen',
      { route: 'authorization', status: 400, body: '<html>', shown: 'invalid_client' },
      'invalid_client',
    ],
    ['by its status alone', { route: 'userinfo', status: 401, body: 'no' }, 'http_401'],
  ] as const) {
    it(where, async () => {
      const { events } = await answer({ client: CLIENT, ...response });
      expect(events).to.deep.equal([
        { type: 'portal.refused', endpoint: response.route, error, clientId: 'passport-renewal' },
      ]);
    });
  }

  it('also of a client that is not known', async () => {
    const { events } = await answer({ route: 'token', status: 401, body: { error: 'invalid_client' } });
    expect(events).to.deep.equal([{ type: 'portal.refused', endpoint: 'token', error: 'invalid_client' }]);
  });
});

describe('what is no event', () => {
  for (const [what, response] of Object.entries({
    'a code on its way to the portal': {
      route: 'authorization',
      status: 303,
      location: 'https://a.example/cb?code=x&state=y',
    },
    'a way to the sign-in': { route: 'authorization', status: 303, location: '/auth/uid/sign-in' },
    discovery: { route: 'discovery' },
    'a page outside the protocol': { status: 404 },
  } satisfies Record<string, Response>)) {
    it(what, async () => expect((await answer({ client: CLIENT, ...response })).events).to.deep.equal([]));
  }
});

// The type under test is the provider's own.
auditAssertions satisfies (audit: ReturnType<typeof testAudit>['log']) => Parameters<Provider['use']>[0];
