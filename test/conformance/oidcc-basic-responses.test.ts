/**
 * OpenID's plan `oidcc-basic-certification-test-plan`: what a portal gets for a request that is right, by each way of
 * client authentication, and for some that are not. One test per module, named by the module.
 */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { codeOf } from '../support/citizen.ts';
import {
  expectError,
  generatePortalKey,
  proofKey,
  RegistrationRefused,
  registerPortalByCommand,
  registerRelyingParty,
  registrationOf,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { letSign } from '../support/signing-algorithm.ts';
import { BASIC_PLAN, citizenOf } from './basic-plan.ts';

describe('oidcc-basic-certification-test-plan: responses', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: BASIC_PLAN });
  });
  after(() => service.dispose());

  it('oidcc-server', async () => {
    const { code, claims, header, tokens } = await portal.signIn(citizenOf(service));
    // RFC 6749 10.10: 2^-160 is wanted; 43 characters of base64url hold 256 bits.
    expect(code).to.match(/^[\w-]{43}$/);
    expect(header.kid).to.be.a('string');
    // OpenID Connect Core 5.4: with an access token issued, claims about the person come from userinfo.
    expect(claims).not.to.have.any.keys('name', 'given_name', 'family_name', 'birthdate', 'gender');
    expect(tokens).not.to.have.property('refresh_token');

    const userinfo = await portal.userinfo(String(tokens.access_token));
    expect(userinfo.status).to.equal(200);
    expect(userinfo.body.sub).to.equal(claims.sub);
  });

  it('oidcc-codereuse', async () => {
    const { code } = await portal.signIn(citizenOf(service));
    await expectCodeIsSpent(code);
  });

  it('oidcc-codereuse-30seconds', async () => {
    const { code, accessToken } = await portal.signIn(citizenOf(service));
    expect((await portal.userinfo(accessToken)).status).to.equal(200);
    service.advance(30);
    await expectCodeIsSpent(code);
    service.advance(-30);
    // RFC 6749 4.1.2: what was issued for it ends.
    expect((await portal.userinfo(accessToken)).status).to.equal(401);
  });

  it('oidcc-response-type-missing', async () => {
    const parameters = portal.requestParameters({ response_type: undefined });
    const answer = await portal.authorize(citizenOf(service), parameters);
    expectError(answer, parameters.state, 'unsupported_response_type', 'invalid_request');
    expect(answer.pages).to.deep.equal([]);
  });

  it('oidcc-idtoken-signature', async () => {
    const { header } = await portal.signIn(citizenOf(service));
    expect(header.alg).to.equal('ES256');
    expect((await portal.keys()).keys.map(({ kid }) => kid)).to.include(header.kid);
    // Core's own default is RS256: a portal may register it once the service has a key for it, and not before.
    const document = registrationOf('rs256', { ...BASIC_PLAN, id_token_signed_response_alg: 'RS256' });
    const refused = await registerPortalByCommand(service, document).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RegistrationRefused);
    expect(refused).to.have.property('paths').that.deep.equals(['id_token_signed_response_alg']);

    const kid = await letSign(service, 'RS256');
    const registration = { ...BASIC_PLAN, id_token_signed_response_alg: 'RS256' };
    const old = await registerRelyingParty(service, { registration });
    expect(old.metadata.id_token_signing_alg_values_supported).to.have.members(['ES256', 'RS256']);
    // Verified, as every sign-in here, by the key of that name in the JWK set.
    expect((await old.signIn(citizenOf(service))).header).to.include({ alg: 'RS256', kid });
    expect((await portal.signIn(citizenOf(service))).header.alg).to.equal('ES256');
  });

  it('oidcc-idtoken-unsigned', async () => {
    expect(portal.metadata.id_token_signing_alg_values_supported).to.include('ES256').and.not.include('none');
    const document = registrationOf('unsigned', { ...BASIC_PLAN, id_token_signed_response_alg: 'none' });
    const refused = await registerPortalByCommand(service, document).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RegistrationRefused);
    expect(refused).to.include({ code: 'PORTAL_MALFORMED' });
    expect(refused).to.have.property('paths').that.deep.equals(['id_token_signed_response_alg']);
  });

  it('oidcc-ensure-registered-redirect-uri', async () => {
    const answer = await portal.authorize(
      citizenOf(service),
      portal.requestParameters({ redirect_uri: 'https://portal.example/other' }),
    );
    expect(answer.arrived).to.equal(undefined);
    expect(answer.last.status).to.equal(400);
    expect(codeOf(answer.last)).to.equal('AUTHORIZATION_REQUEST_REFUSED');
  });

  it('oidcc-ensure-post-request-succeeds', async () => {
    const { answer } = await portal.signIn(citizenOf(service), {}, { method: 'POST' });
    expect(answer.pages).to.include('present-card');
  });

  it('oidcc-server-client-secret-post', async () => {
    const post = await registerRelyingParty(service, {
      registration: { ...BASIC_PLAN, token_endpoint_auth_method: 'client_secret_post' },
    });
    expect(post.metadata.token_endpoint_auth_methods_supported).to.include('client_secret_post');
    const { accessToken, claims } = await post.signIn(citizenOf(service));
    expect((await post.userinfo(accessToken)).body.sub).to.equal(claims.sub);
  });

  it('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
    const { verifier, parameters } = proofKey();
    await portal.signIn(citizenOf(service), parameters, { redeemWith: { code_verifier: verifier } });
    // The same without the verifier, which is the one thing that RFC 7636 4.6 wants.
    const answer = await portal.authorize(citizenOf(service), portal.requestParameters(parameters));
    const refused = await portal.redeem(answer.parameters.get('code') ?? '');
    expect(refused.body.error).to.equal('invalid_grant');
  });

  it('oidcc-refresh-token', async () => {
    const request = { scope: 'openid offline_access', prompt: 'consent' };
    const registration = {
      ...BASIC_PLAN,
      grant_types: ['authorization_code', 'refresh_token'],
      refresh_tokens: true,
    };
    const refreshing = await registerRelyingParty(service, { registration });
    const second = await registerRelyingParty(service, { registration });
    const { tokens, claims } = await refreshing.signIn(citizenOf(service), request);
    expect(tokens.refresh_token).to.match(/^[\x21-\x7e]+$/);
    expect(refreshing.metadata.grant_types_supported).to.include('refresh_token');

    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) };
    const foreign = await second.post(second.endpoint('token'), refresh);
    expect(foreign.body.error).to.equal('invalid_grant');
    const { status, body } = await refreshing.post(refreshing.endpoint('token'), refresh);
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body.access_token).to.be.a('string').and.not.equal(tokens.access_token);
    // OpenID Connect Core 12.2: the same subject and, where it is there, the same moment of authentication.
    const refreshed = decodeJwt(String(body.id_token));
    expect(refreshed).to.include({ iss: claims.iss, sub: claims.sub, aud: claims.aud });
    expect(refreshed.auth_time).to.equal(claims.auth_time);
    expect((await refreshing.userinfo(String(body.access_token))).body.sub).to.equal(claims.sub);

    // A portal that was not approved for them gets none, and its sign-in is as good.
    expect((await portal.signIn(citizenOf(service), request)).tokens).not.to.have.property('refresh_token');
  });

  it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
    expect(portal.metadata.request_uri_parameter_supported).to.equal(false);
    const parameters = portal.requestParameters({ request_uri: 'https://portal.example/request.jwt' });
    const answer = await portal.authorize(citizenOf(service), parameters);
    expectError(answer, parameters.state, 'request_uri_not_supported');
  });

  it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    const parameters = portal.requestParameters();
    const answer = await portal.authorize(citizenOf(service), { ...parameters, request: unsigned(parameters, portal) });
    expectError(answer, parameters.state, 'request_not_supported', 'invalid_request_object');
    expect(portal.metadata.request_object_signing_alg_values_supported ?? []).not.to.include('none');
  });

  it('oidcc-ensure-request-object-with-redirect-uri', async () => {
    const key = await generatePortalKey();
    const signing = await registerRelyingParty(service, {
      key,
      registration: {
        ...BASIC_PLAN,
        token_endpoint_auth_method: 'private_key_jwt',
        request_object_signing_alg: 'ES256',
      },
    });
    // OpenID Connect Core 6.1: the value inside supersedes the one beside, even where that one alone would be refused.
    const inside = signing.requestParameters();
    const request = await signing.sign({
      ...inside,
      ...requestObjectTimes(),
      iss: signing.clientId,
      aud: signing.metadata.issuer,
    });
    const beside = { ...inside, redirect_uri: 'https://portal.example/other' };
    const answer = await signing.authorize(citizenOf(service), { ...beside, request });
    expect(answer.arrived?.url.pathname, answer.lastPage).to.equal('/callback');
    expect(answer.parameters.get('code')).to.be.a('string');

    // And where the value inside is not registered, no value beside heals it.
    const wrong = await signing.sign({
      ...inside,
      ...requestObjectTimes(),
      iss: signing.clientId,
      aud: signing.metadata.issuer,
      redirect_uri: 'https://portal.example/other',
    });
    const refused = await signing.authorize(citizenOf(service), { ...inside, request: wrong });
    expect(refused.arrived).to.equal(undefined);
    expect(codeOf(refused.last)).to.equal('AUTHORIZATION_REQUEST_REFUSED');
  });

  async function expectCodeIsSpent(code: string): Promise<void> {
    const { status, body } = await portal.redeem(code);
    expect(status).to.equal(400);
    expect(body.error).to.equal('invalid_grant');
    expect(body).not.to.have.any.keys('access_token', 'id_token');
  }
});

function requestObjectTimes() {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, nbf: now, exp: now + 60 };
}

function unsigned(claims: Readonly<Record<string, string>>, portal: TestRelyingParty): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ ...claims, iss: portal.clientId, aud: portal.metadata.issuer })}.`;
}
