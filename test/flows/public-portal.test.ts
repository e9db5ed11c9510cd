/**
 * A portal that lives in the browser: it has no secret, asks from its own pages (CORS), and is tied to its code by PKCE
 * alone.
 */
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import {
  expectError,
  PORTAL_ORIGIN,
  proofKey,
  REDIRECT_URI,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a public portal', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let confidential: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: { token_endpoint_auth_method: 'none' } });
    confidential = await registerRelyingParty(service, { registration: { require_pkce: false } });
  });
  after(() => service.dispose());

  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
  async function obtainCode() {
    const pkce = proofKey();
    const answer = await portal.authorize(citizen(), portal.requestParameters(pkce.parameters));
    return { pkce, code: answer.parameters.get('code') ?? expect.fail(answer.lastPage) };
  }

  it('signs a citizen in with its verifier alone', async () => {
    const pkce = proofKey();
    const { accessToken, claims } = await portal.signIn(citizen(), pkce.parameters, {
      redeemWith: { code_verifier: pkce.verifier },
    });
    expect((await portal.userinfo(accessToken)).body.sub).to.equal(claims.sub);
  });

  for (const [fault, verifier] of [
    ['without its verifier', undefined],
    ['with another verifier', proofKey().verifier],
  ] as const) {
    it(`gets nothing for a code ${fault}`, async () => {
      const { code } = await obtainCode();
      const { status, body } = await portal.redeem(code, { code_verifier: verifier });
      expect([status, body.error]).to.deep.equal([400, 'invalid_grant']);
    });
  }

  it('gets nothing without PKCE, nonce or not', async () => {
    for (const nonce of ['n', undefined]) {
      const parameters = portal.requestParameters({ nonce });
      expectError(await portal.authorize(citizen(), parameters), parameters.state, 'invalid_request');
    }
  });

  it('gets nothing for a plain challenge', async () => {
    const { verifier } = proofKey();
    const parameters = portal.requestParameters({ code_challenge: verifier, code_challenge_method: 'plain' });
    expectError(await portal.authorize(citizen(), parameters), parameters.state, 'invalid_request');
  });

  it('is not taken at its word with a secret that it never had', async () => {
    const { code, pkce } = await obtainCode();
    const { body } = await portal.redeem(code, { code_verifier: pkce.verifier, client_secret: 'x' });
    expect(body.error).to.equal('invalid_client');
  });

  it('introspects no token, whatever it is (RFC 7662 2.1), and revokes its own', async () => {
    const pkce = proofKey();
    const { accessToken } = await portal.signIn(citizen(), pkce.parameters, {
      redeemWith: { code_verifier: pkce.verifier },
    });
    for (const token of [accessToken, 'nothing', 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA']) {
      const { status, body } = await portal.post(portal.endpoint('introspection'), { token });
      expect([status, body.error, Object.keys(body)]).to.deep.equal([
        401,
        'invalid_client',
        ['error', 'error_description'],
      ]);
    }
    expect((await service.auditRecords()).at(-1)?.event).to.include({
      type: 'portal.refused',
      endpoint: 'introspection',
      error: 'invalid_client',
    });
    expect((await portal.post(portal.endpoint('revocation'), { token: accessToken })).status).to.equal(200);
    expect((await portal.userinfo(accessToken)).status).to.equal(401);
  });

  describe('asks from its own pages', () => {
    const ask = (path: string, origin: string, init: RequestInit = {}): Promise<Response> =>
      fetch(new URL(path, service.issuer), { ...init, headers: { ...init.headers, Origin: origin } });
    const redeem = (origin: string, form: Readonly<Record<string, string>>): Promise<Response> =>
      ask('/token', origin, { method: 'POST', body: new URLSearchParams(form) });
    const allowed = (answer: Response): string | null => answer.headers.get('Access-Control-Allow-Origin');

    it('discovery and keys, which anybody may read', async () => {
      for (const path of ['/.well-known/openid-configuration', '/jwks']) {
        const answer = await ask(path, 'https://any.example');
        expect([answer.status, allowed(answer)]).to.deep.equal([200, 'https://any.example']);
        // Nobody's cookies matter there, and none are let in.
        expect(answer.headers.get('Access-Control-Allow-Credentials')).to.equal(null);
      }
    });

    it('the token endpoint, after the browser has asked whether it may', async () => {
      const preflight = await ask('/token', PORTAL_ORIGIN, {
        method: 'OPTIONS',
        headers: { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'dpop' },
      });
      expect([preflight.status, allowed(preflight)]).to.deep.equal([204, PORTAL_ORIGIN]);
      const { code, pkce } = await obtainCode();
      const answer = await redeem(PORTAL_ORIGIN, {
        grant_type: 'authorization_code',
        client_id: portal.clientId,
        code,
        redirect_uri: REDIRECT_URI,
        code_verifier: pkce.verifier,
      });
      expect([answer.status, allowed(answer)]).to.deep.equal([200, PORTAL_ORIGIN]);
      const { access_token } = (await answer.json()) as { access_token: string }; // of an answer of 200
      const bearer = { headers: { Authorization: `Bearer ${access_token}` } };
      expect(allowed(await ask('/me', PORTAL_ORIGIN, bearer))).to.equal(PORTAL_ORIGIN);
      const elsewhere = await ask('/me', 'https://evil.example', bearer);
      expect([elsewhere.status, allowed(elsewhere)]).to.deep.equal([400, null]);
    });

    for (const origin of [
      'https://evil.example',
      'https://portal.example.evil.example',
      'http://portal.example',
      'null',
    ]) {
      it(`and from nowhere else: not ${origin}`, async () => {
        const { code, pkce } = await obtainCode();
        const form = {
          grant_type: 'authorization_code',
          client_id: portal.clientId,
          code,
          redirect_uri: REDIRECT_URI,
          code_verifier: pkce.verifier,
        };
        const refused = await redeem(origin, form);
        expect([refused.status, allowed(refused)]).to.deep.equal([400, null]);
        // Refused before the code was looked at: it is still good at home.
        expect((await redeem(PORTAL_ORIGIN, form)).status).to.equal(200);
      });
    }

    it('a portal that has a secret asks from its server', async () => {
      const answer = await redeem(PORTAL_ORIGIN, {
        grant_type: 'authorization_code',
        client_id: confidential.clientId,
        code: 'x',
        redirect_uri: REDIRECT_URI,
      });
      expect(allowed(answer)).to.equal(null);
    });
  });
});

describe('a confidential portal that is too old for PKCE', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: { require_pkce: false } });
  });
  after(() => service.dispose());
  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  it('is served when its request carries a nonce (RFC 9700 2.1.1)', async () => {
    await portal.signIn(citizen());
  });
  for (const nonce of [undefined, '']) {
    it(`is refused with ${nonce === undefined ? 'none' : 'an empty one'}`, async () => {
      const parameters = portal.requestParameters({ nonce });
      expectError(await portal.authorize(citizen(), parameters), parameters.state, 'invalid_request');
    });
  }
  it('is held to a challenge that it sends', async () => {
    const { parameters } = proofKey();
    const answer = await portal.authorize(citizen(), portal.requestParameters(parameters));
    const { body } = await portal.redeem(answer.parameters.get('code') ?? '');
    expect(body.error).to.equal('invalid_grant');
  });
  it('cannot smuggle a verifier in for a code without a challenge', async () => {
    const answer = await portal.authorize(citizen(), portal.requestParameters());
    const { body } = await portal.redeem(answer.parameters.get('code') ?? '', { code_verifier: proofKey().verifier });
    expect(body.error).to.equal('invalid_grant');
  });
});
