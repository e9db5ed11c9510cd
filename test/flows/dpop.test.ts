/**
 * Proofs of possession (RFC 9449) of a portal without the FAPI profile, with the service's nonces. FAPI portals:
 * test/conformance.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { FapiPortal } from '../conformance/fapi2-plan.ts';
import { Citizen } from '../support/citizen.ts';
import { generatePortalKey, proofKey, registerRelyingParty, type TokenAnswer } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('DPoP', () => {
  let service: TestService;
  let portal: FapiPortal;
  before(async () => {
    service = await startTestService();
    const registered = await registerRelyingParty(service, {
      registration: { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
    });
    portal = new FapiPortal(registered, await generatePortalKey());
  });
  after(() => service.dispose());

  async function obtainCode() {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const answer = await portal.portal.authorize(citizen, portal.portal.requestParameters(pkce.parameters));
    return { pkce, code: answer.parameters.get('code') ?? expect.fail(answer.lastPage) };
  }
  /** Without a second try for a nonce. */
  const redeem = (code: string, verifier: string, DPoP: string): Promise<TokenAnswer> =>
    portal.portal.redeem(code, { code_verifier: verifier }, { DPoP });
  const nonceOf = (answer: TokenAnswer): string => {
    expect([answer.status, answer.body.error]).to.deep.equal([400, 'use_dpop_nonce']);
    return String(answer.headers['dpop-nonce']);
  };

  it('binds the tokens of a public portal to a key', async () => {
    const { code, pkce } = await obtainCode();
    const { status, body } = await portal.redeem(code, pkce);
    expect([status, body.token_type]).to.deep.equal([200, 'DPoP']);
    expect((await portal.userinfo(String(body.access_token))).status).to.equal(200);
    expect((await portal.portal.userinfo(String(body.access_token))).status).to.equal(401);
  });

  it('is not left out by a portal that registered it', async () => {
    const { code, pkce } = await obtainCode();
    const { body } = await portal.portal.redeem(code, { code_verifier: pkce.verifier });
    expect(body.error).to.equal('invalid_grant');
  });

  it('needs a nonce of the service: none, and one that is not, are told the right one', async () => {
    const { code, pkce } = await obtainCode();
    const nonce = nonceOf(await redeem(code, pkce.verifier, await portal.proof('POST', 'token')));
    for (const other of [randomBytes(32).toString('base64url'), `${nonce}A`, nonce.slice(1), nonce.toLowerCase()]) {
      nonceOf(await redeem(code, pkce.verifier, await portal.proof('POST', 'token', { nonce: other })));
    }
    const proof = await portal.proof('POST', 'token', { nonce });
    expect((await redeem(code, pkce.verifier, proof)).status).to.equal(200);
  });

  it('proves once: a proof that was used redeems no other code, in a row and at the same moment', async () => {
    const first = await obtainCode();
    const nonce = nonceOf(await redeem(first.code, first.pkce.verifier, await portal.proof('POST', 'token')));
    const used = await portal.proof('POST', 'token', { nonce });
    expect((await redeem(first.code, first.pkce.verifier, used)).status).to.equal(200);
    const second = await obtainCode();
    expect((await redeem(second.code, second.pkce.verifier, used)).body).to.not.have.property('access_token');

    const raced = await portal.proof('POST', 'token', { nonce });
    const codes = await Promise.all(Array.from({ length: 5 }, obtainCode));
    const answers = await Promise.all(codes.map(({ code, pkce }) => redeem(code, pkce.verifier, raced)));
    expect(answers.filter(({ status }) => status === 200)).to.have.lengthOf(1);
  });
});
