/**
 * OpenID's plan `oidcc-backchannel-rp-initiated-logout-certification-test-plan` (OpenID Connect Back-Channel Logout 1.0).
 * One test per module, named by the module.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { passThrough } from '../support/passage.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import { expectError, PORTAL_ORIGIN, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { BASIC_PLAN, citizenOf } from './basic-plan.ts';

const LOGGED_OUT = `${PORTAL_ORIGIN}/post_logout_redirect`;

describe('oidcc-backchannel-rp-initiated-logout-certification-test-plan', () => {
  let service: TestService;
  let host: PortalHost;
  let portal: TestRelyingParty;
  before(async () => {
    host = await startPortalHost();
    host.answers.set('/backchannel_logout', { status: 200, body: '' });
    service = await startTestService({ sandbox: { portalHosts: [host.host], portalAuthority: host.authorityFile } });
    portal = await registerRelyingParty(service, {
      registration: {
        ...BASIC_PLAN,
        post_logout_redirect_uris: [LOGGED_OUT],
        backchannel_logout_uri: `https://${host.host}/backchannel_logout`,
        backchannel_logout_session_required: true,
      },
    });
  });
  after(async () => {
    await service.dispose();
    await host.close();
  });

  it('oidcc-backchannel-logout-discovery-endpoint-verification', () => {
    expect(portal.metadata).to.include({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    });
    expect(portal.endpoint('end_session').origin).to.equal(service.issuer);
  });

  it('oidcc-backchannel-rp-initiated-logout', async () => {
    const citizen = citizenOf(service);
    const { claims, header, idToken } = await portal.signIn(citizen);
    expect(claims.sid).to.be.a('string');
    const state = randomBytes(96).toString('base64url');
    const url = portal.endpoint('end_session');
    url.search = new URLSearchParams({
      id_token_hint: idToken,
      post_logout_redirect_uri: LOGGED_OUT,
      state,
    }).toString();
    const { arrived } = await passThrough(
      citizen,
      await citizen.send('GET', url),
      ({ origin }) => origin === PORTAL_ORIGIN,
    );
    expect(arrived?.url.href).to.equal(`${LOGGED_OUT}?state=${state}`);

    const [form] = await host.posted('/backchannel_logout');
    expect([...(form?.keys() ?? [])]).to.deep.equal(['logout_token']);
    const { payload, protectedHeader } = await jwtVerify(
      form?.get('logout_token') ?? '',
      createLocalJWKSet(await portal.keys()),
      { issuer: service.issuer, audience: portal.clientId, requiredClaims: ['iat', 'exp', 'jti'] },
    );
    expect(protectedHeader).to.include({ alg: header.alg, typ: 'logout+jwt' });
    expect(payload).to.include({ sub: claims.sub, sid: claims.sid }).and.to.not.have.property('nonce');
    expect(payload.events).to.deep.equal({ 'http://schemas.openid.net/event/backchannel-logout': {} });

    const parameters = portal.requestParameters({ prompt: 'none' });
    const answer = await portal.authorize(citizen, parameters);
    expectError(answer, parameters.state, 'login_required', 'interaction_required');
  });
});
