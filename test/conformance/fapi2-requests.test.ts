/**
 * OpenID's plan `fapi2-security-profile-final-test-plan` beyond the modules that its class names: discovery, pushed requests,
 * PKCE and the answer (FAPI 2.0 Security Profile 5.3.2.1, 5.3.2.2; RFC 9126; RFC 7636). One test per module, named by it.
 */
import { expect } from 'chai';
import { codeOf } from '../support/citizen.ts';
import { expectError, generatePortalKey, PORTAL_ORIGIN, proofKey } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { citizenOf } from './basic-plan.ts';
import { FapiPortal } from './fapi2-plan.ts';

describe('fapi2-security-profile-final-test-plan: requests', () => {
  let service: TestService;
  let portal: FapiPortal;
  let other: FapiPortal;
  before(async () => {
    service = await startTestService();
    portal = await FapiPortal.register(service);
    other = await FapiPortal.register(service);
  });
  after(() => service.dispose());

  it('fapi2-security-profile-final-discovery-end-point-verification', () => {
    const { metadata } = portal.portal;
    expect(metadata.issuer).to.equal(service.issuer);
    expect(metadata.authorization_response_iss_parameter_supported).to.equal(true);
    expect(metadata.code_challenge_methods_supported).to.deep.equal(['S256']);
    expect(metadata.response_types_supported).to.deep.equal(['code']);
    expect(metadata.token_endpoint_auth_methods_supported).to.include('private_key_jwt');
    expect(metadata.dpop_signing_alg_values_supported).to.have.members(['ES256', 'PS256', 'EdDSA']);
    expect(metadata.token_endpoint_auth_signing_alg_values_supported).to.have.members(['ES256', 'PS256', 'EdDSA']);
    expect(portal.portal.endpoint('pushed_authorization_request').origin).to.equal(service.issuer);
  });

  for (const [module, changes] of [
    ['fapi2-security-profile-final-happy-flow', {}],
    ['fapi2-security-profile-final-ensure-authorization-request-without-state-success', { state: undefined }],
    ['fapi2-security-profile-final-ensure-authorization-request-without-nonce-success', { nonce: undefined }],
    ['fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success', { nonce: 'n'.repeat(64) }],
    ['fapi2-security-profile-final-ensure-authorization-request-with-long-nonce', { nonce: 'n'.repeat(384) }],
    ['fapi2-security-profile-final-ensure-authorization-request-with-long-state', { state: 's'.repeat(384) }],
    ['fapi2-security-profile-final-ensure-other-scope-order-succeeds', { scope: 'profile openid' }],
  ] as const) {
    it(module, async () => {
      const { pkce, parameters, pushed } = await portal.pushPlain(changes);
      expect(pushed.body.expires_in).to.be.a('number').within(5, 600);
      expect(pushed.headers['cache-control']).to.include('no-store');
      await portal.expectSignIn(citizenOf(service), parameters, pkce, pushed);
    });
  }

  it('fapi2-security-profile-final-test-claims-parameter-identity-claims', async () => {
    const claims = JSON.stringify({ userinfo: { given_name: { essential: true }, family_name: null } });
    const { code, pkce } = await portal.obtainCode(citizenOf(service), { claims });
    const { body } = await portal.redeem(code, pkce);
    const userinfo = await portal.userinfo(String(body.access_token));
    expect(userinfo.body).to.include({ given_name: 'Fatima Zahra', family_name: 'El Idrissi' });
    expect(userinfo.body).not.to.have.any.keys('birthdate', 'gender');
  });

  it('fapi2-security-profile-final-user-rejects-authentication', async () => {
    const { parameters, pushed } = await portal.pushPlain();
    const citizen = citizenOf(service);
    const { client_id } = parameters;
    const query = new URLSearchParams({ client_id: String(client_id), request_uri: String(pushed.body.request_uri) });
    const page = await citizen.follow(
      await citizen.send('GET', new URL(`${portal.portal.endpoint('authorization')}?${query}`)),
    );
    const refused = await citizen.follow(await citizen.press(page, 'cancel'), ({ origin }) => origin === PORTAL_ORIGIN);
    const answer = new URL(String(refused.headers.location)).searchParams;
    expect(answer.get('error')).to.equal('access_denied');
    expect(answer.get('state')).to.equal(parameters.state);
    expect(answer.get('iss')).to.equal(service.issuer);
    expect(answer.get('code')).to.equal(null);
  });

  describe('what is refused when it is pushed', () => {
    for (const [module, changes, errors] of [
      [
        'fapi2-security-profile-final-ensure-registered-redirect-uri',
        { redirect_uri: `${PORTAL_ORIGIN}/other` },
        ['invalid_request'],
      ],
      [
        'fapi2-security-profile-final-plain-fapi-tolerate-unregistered-redirect-uri',
        { redirect_uri: `${PORTAL_ORIGIN}/callback/other` },
        ['invalid_request', 'invalid_request_object'],
      ],
      [
        'fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request',
        { redirect_uri: undefined },
        ['invalid_request'],
      ],
      [
        'fapi2-security-profile-final-ensure-response-type-code-idtoken-fails',
        { response_type: 'code id_token' },
        ['unsupported_response_type', 'invalid_request'],
      ],
      [
        'fapi2-security-profile-final-ensure-response-type-token-fails',
        { response_type: 'token' },
        ['unsupported_response_type', 'invalid_request'],
      ],
      [
        'fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param',
        { request_uri: 'urn:ietf:params:oauth:request_uri:made-up' },
        ['request_uri_not_supported', 'invalid_request'],
      ],
      [
        'fapi2-security-profile-final-par-ensure-pkce-required',
        { code_challenge: undefined, code_challenge_method: undefined },
        ['invalid_request'],
      ],
      ['fapi2-security-profile-final-par-plain-pkce-rejected', { code_challenge_method: 'plain' }, ['invalid_request']],
    ] as const) {
      it(module, async () => {
        const { pushed } = await portal.pushPlain(changes);
        expect(pushed.status).to.equal(400);
        expect(pushed.body.error, JSON.stringify(pushed.body)).to.be.oneOf([...errors]);
      });
    }

    it('fapi2-security-profile-final-par-attempt-invalid-http-method', async () => {
      for (const [endpoint, methods, allowed] of [
        ['pushed_authorization_request', ['GET', 'PUT'], 'POST'],
        ['token', ['GET', 'DELETE'], 'POST'],
        ['introspection', ['GET'], 'POST'],
        ['revocation', ['GET'], 'POST'],
        ['userinfo', ['PUT', 'DELETE'], 'GET, HEAD, POST'],
      ] as const) {
        for (const method of methods) {
          const answer = await fetch(portal.portal.endpoint(endpoint), { method });
          // RFC 9126 2.3
          expect(answer.status, `${method} ${endpoint}`).to.equal(405);
          expect(answer.headers.get('allow')).to.equal(allowed);
          expect(await answer.json()).to.include({ error: 'invalid_request' });
        }
      }
    });
  });

  describe('the address of a pushed request', () => {
    it('fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails', async () => {
      const parameters = portal.portal.requestParameters(proofKey().parameters);
      const answer = await portal.portal.authorize(citizenOf(service), parameters);
      expectError(answer, parameters.state, 'invalid_request');
      expect(answer.pages).to.deep.equal([]);
    });

    it('fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds', async () => {
      const { pkce, parameters, pushed } = await portal.pushPlain();
      const citizen = citizenOf(service);
      const query = new URLSearchParams({
        client_id: portal.portal.clientId,
        request_uri: String(pushed.body.request_uri),
      });
      const address = new URL(`${portal.portal.endpoint('authorization')}?${query}`);
      // The citizen opens the page, and reloads what led to it before the card is presented.
      await citizen.follow(await citizen.send('GET', address));
      await portal.expectSignIn(citizen, parameters, pkce, pushed);
    });

    it('fapi2-security-profile-final-par-attempt-reuse-request_uri', async () => {
      const { pushed } = await portal.pushPlain();
      expect((await portal.authorize(citizenOf(service), pushed)).parameters.get('code')).to.be.a('string');
      await expectUseless(portal, pushed.body.request_uri);
    });

    it('fapi2-security-profile-final-par-attempt-to-use-expired-request_uri', async () => {
      const { pushed } = await portal.pushPlain();
      service.advance(Number(pushed.body.expires_in) + 1);
      await expectUseless(portal, pushed.body.request_uri);
      service.advance(-Number(pushed.body.expires_in) - 1);
    });

    it('fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client', async () => {
      const { pushed } = await portal.pushPlain();
      await expectUseless(other, pushed.body.request_uri);
    });

    async function expectUseless(sender: FapiPortal, requestUri: unknown): Promise<void> {
      const { clientId } = sender.portal;
      const parameters = { client_id: clientId, request_uri: String(requestUri) };
      const answer = await sender.portal.authorize(citizenOf(service), parameters);
      expect(answer.pages).to.deep.equal([]);
      // Whose redirect URI it would be is not known, so the page is ours.
      expect(answer.arrived).to.equal(undefined);
      expect(answer.last.status).to.equal(400);
      expect(codeOf(answer.last)).to.equal('AUTHORIZATION_REQUEST_REFUSED');
    }
  });

  it('fapi2-security-profile-final-par-without-duplicate-parameters', async () => {
    // RFC 9126 4: nothing but client_id and request_uri; that is what every test here sends. More beside it changes nothing.
    const { pkce, parameters, pushed } = await portal.pushPlain();
    const citizen = citizenOf(service);
    const answer = await portal.portal.authorize(citizen, {
      client_id: portal.portal.clientId,
      request_uri: String(pushed.body.request_uri),
      state: 'beside',
      scope: 'openid profile',
    });
    expect(answer.parameters.get('state')).to.equal(parameters.state);
    const { body } = await portal.redeem(answer.parameters.get('code') ?? '', pkce);
    expect(body.scope).to.equal('openid');
  });

  describe('signed request objects, where what stands beside them differs', () => {
    let signing: FapiPortal;
    before(async () => {
      signing = await FapiPortal.register(service, { require_signed_request_object: true }, await generatePortalKey());
    });

    for (const [module, inside, beside] of [
      [
        'fapi2-security-profile-final-ensure-different-nonce-inside-and-outside-request-object',
        {},
        { nonce: 'beside' },
      ],
      [
        'fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object',
        {},
        { state: 'beside' },
      ],
      [
        'fapi2-security-profile-final-state-only-outside-request-object-not-used',
        { state: undefined },
        { state: 'beside' },
      ],
    ] as const) {
      it(module, async () => {
        const pkce = proofKey();
        const claims = signing.requestObjectClaims(pkce, inside);
        const request = await signing.portal.sign(claims);
        const pushed = await signing.push({ client_id: signing.portal.clientId, request, ...beside });
        // RFC 9101 6.3: only what is signed counts.
        await signing.expectSignIn(citizenOf(service), claims, pkce, pushed);
      });
    }

    it('fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails', async () => {
      const claims = signing.requestObjectClaims(proofKey(), { redirect_uri: undefined });
      const { status, body } = await signing.pushSigned(claims);
      expect(status).to.equal(400);
      expect(body.error).to.be.oneOf(['invalid_request', 'invalid_request_object']);
    });
  });
});
