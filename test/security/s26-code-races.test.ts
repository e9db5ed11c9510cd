/**
 * S26: races on codes and refresh tokens (CVE-2026-1035), through the whole service: of twenty that redeem one at the
 * same moment, exactly one gets tokens, and no ID token beside them is made. `s26-store-single-use` looks at the stores.
 */
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import { proofKey, registerRelyingParty, type TestRelyingParty, type TokenAnswer } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const PARALLEL = 20;

describe('S26: races on codes and refresh tokens', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, {
      registration: { grant_types: ['authorization_code', 'refresh_token'], refresh_tokens: true },
    });
  });
  after(() => service.dispose());

  /** The one answer that has tokens. */
  async function raced(redeem: () => Promise<TokenAnswer>): Promise<TokenAnswer['body']> {
    const issued = async () =>
      (await service.auditRecords()).filter(({ event }) => event.type === 'assertion.issued').length;
    const before = await issued();
    const answers = await Promise.all(Array.from({ length: PARALLEL }, redeem));
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).to.deep.equal([]);
    for (const { status, body } of answers.filter((answer) => answer !== winner)) {
      expect([status, body.error]).to.deep.equal([400, 'invalid_grant']);
      expect(body).to.not.have.any.keys('access_token', 'id_token', 'refresh_token');
    }
    expect(await issued()).to.equal(before + 1);
    return winner?.body ?? expect.fail('nobody got tokens');
  }

  it('a code, then its refresh token', async () => {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const answer = await portal.authorize(citizen, portal.requestParameters(pkce.parameters));
    const code = answer.parameters.get('code') ?? expect.fail(answer.lastPage);
    const tokens = await raced(() => portal.redeem(code, { code_verifier: pkce.verifier }));

    const fresh = await signIn();
    await raced(() => refresh(String(fresh.tokens.refresh_token)));
    expect(tokens.id_token).to.be.a('string');
  });

  it('two at the same moment end the grant as two in a row do: what the winner got is worth nothing, on record', async () => {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const answer = await portal.authorize(citizen, portal.requestParameters(pkce.parameters));
    const code = answer.parameters.get('code') ?? expect.fail(answer.lastPage);
    await expectEnded(() => portal.redeem(code, { code_verifier: pkce.verifier }), 'authorization_code');

    const { tokens } = await signIn();
    await expectEnded(() => refresh(String(tokens.refresh_token)), 'refresh_token');
  });

  async function expectEnded(redeem: () => Promise<TokenAnswer>, credential: string): Promise<void> {
    const answers = await Promise.all([redeem(), redeem()]);
    const winner = answers.find(({ status }) => status === 200)?.body ?? expect.fail('nobody got tokens');
    expect((await portal.userinfo(String(winner.access_token))).status).to.equal(401);
    expect((await refresh(String(winner.refresh_token))).body).to.have.property('error', 'invalid_grant');
    const reused = (await service.auditRecords())
      .map(({ event }) => event)
      .filter(({ type }) => type === 'portal.reused');
    expect(reused.at(-1)).to.include({ clientId: portal.clientId, credential });
  }

  const refresh = (refresh_token: string): Promise<TokenAnswer> =>
    portal.post(portal.endpoint('token'), { grant_type: 'refresh_token', refresh_token });

  function signIn() {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    return portal.signIn(citizen, pkce.parameters, { redeemWith: { code_verifier: pkce.verifier } });
  }
});
