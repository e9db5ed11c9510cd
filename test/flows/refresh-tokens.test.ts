/**
 * Refresh tokens of a portal for which an officer approved them: each works once, for its portal, while the session of the
 * card lasts; one that comes a second time ends everything that came of the sign-in.
 */
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit/event.ts';
import { Citizen } from '../support/citizen.ts';
import { proofKey, registerRelyingParty, type TestRelyingParty, type TokenAnswer } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const REFRESHING = { grant_types: ['authorization_code', 'refresh_token'], refresh_tokens: true };

describe('a refresh token', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  let publicPortal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: REFRESHING });
    other = await registerRelyingParty(service, { registration: REFRESHING });
    publicPortal = await registerRelyingParty(service, {
      registration: { ...REFRESHING, token_endpoint_auth_method: 'none' },
    });
  });
  after(() => service.dispose());

  const events = async (): Promise<readonly AuditEvent[]> => (await service.auditRecords()).map(({ event }) => event);
  const signIn = async (sender = portal) => {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const signedIn = await sender.signIn(
      citizen,
      { ...pkce.parameters, max_age: '600' },
      { redeemWith: { code_verifier: pkce.verifier } },
    );
    return { ...signedIn, pkce, refreshToken: String(signedIn.tokens.refresh_token) };
  };
  const refresh = (refresh_token: string, sender = portal): Promise<TokenAnswer> =>
    sender.post(sender.endpoint('token'), { grant_type: 'refresh_token', refresh_token });
  const expectRefused = ({ status, body }: TokenAnswer): void => {
    expect([status, body.error]).to.deep.equal([400, 'invalid_grant']);
    expect(body).to.not.have.any.keys('access_token', 'id_token', 'refresh_token');
  };

  it('gives a new access token, a new ID token of the same sign-in, and its successor; on record', async () => {
    const { refreshToken, claims, accessToken } = await signIn();
    const { status, body } = await refresh(refreshToken);
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body.refresh_token).to.be.a('string').and.not.equal(refreshToken);
    const again = await portal.verifyIdToken(String(body.id_token), String(claims.nonce));
    expect(again.claims).to.include({ sub: claims.sub, auth_time: claims.auth_time });
    expect((await portal.userinfo(String(body.access_token))).body.sub).to.equal(claims.sub);
    expect((await portal.userinfo(accessToken)).status).to.equal(200);
    expect((await events()).at(-1)).to.include({
      type: 'assertion.issued',
      refreshed: true,
      clientId: portal.clientId,
    });
    expect((await refresh(String(body.refresh_token))).status).to.equal(200);
  });

  it('that comes again ends the grant: every token of it stops working, on record', async () => {
    const { refreshToken, accessToken } = await signIn();
    const { body: second } = await refresh(refreshToken);
    expectRefused(await refresh(refreshToken));
    const [refused, reused] = (await events()).slice(-2);
    expect(refused).to.include({ type: 'portal.refused', endpoint: 'token', error: 'invalid_grant' });
    expect(reused).to.include({ type: 'portal.reused', clientId: portal.clientId, credential: 'refresh_token' });
    for (const token of [accessToken, String(second.access_token)]) {
      expect((await portal.userinfo(token)).status).to.equal(401);
    }
    expectRefused(await refresh(String(second.refresh_token)));
  });

  it('ends with the code that comes again, on record', async () => {
    const { refreshToken, accessToken, code, pkce } = await signIn();
    expectRefused(await portal.redeem(code, { code_verifier: pkce.verifier }));
    expect((await events()).at(-1)).to.include({ type: 'portal.reused', credential: 'authorization_code' });
    expect((await portal.userinfo(accessToken)).status).to.equal(401);
    expectRefused(await refresh(refreshToken));
  });

  it('works for its portal alone, and the attempt of another changes nothing', async () => {
    const { refreshToken } = await signIn();
    expectRefused(await refresh(refreshToken, other));
    expect((await refresh(refreshToken)).status).to.equal(200);
  });

  it('of a public portal is used once as well', async () => {
    const { refreshToken } = await signIn(publicPortal);
    const { body } = await refresh(refreshToken, publicPortal);
    expect(body.refresh_token).to.be.a('string').and.not.equal(refreshToken);
    expectRefused(await refresh(refreshToken, publicPortal));
    expectRefused(await refresh(String(body.refresh_token), publicPortal));
  });

  it('asks for no more than the sign-in gave', async () => {
    const { refreshToken } = await signIn();
    const { body } = await portal.post(portal.endpoint('token'), {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      scope: 'openid profile',
    });
    expect(body.error).to.equal('invalid_scope');
  });

  it('ends with the session of the card, however often it was renewed', async () => {
    const { refreshToken } = await signIn();
    try {
      service.advance(800);
      const { body } = await refresh(refreshToken);
      expect(body.refresh_token).to.be.a('string');
      service.advance(101);
      expectRefused(await refresh(String(body.refresh_token)));
    } finally {
      service.advance(-901);
    }
  });

  it('is not given to a portal without approval', async () => {
    const unapproved = await registerRelyingParty(service);
    const { tokens } = await signIn(unapproved);
    expect(tokens).to.not.have.property('refresh_token');
    const { body } = await refresh((await signIn()).refreshToken, unapproved);
    expect(body.error).to.equal('invalid_request');
  });
});
