/**
 * S32: codes not bound to the client (CVE-2023-2585). What was given to one portal is worth nothing in the hands of another:
 * code, pushed request, refresh token. (A refresh token's case stands with the others of its kind, in test/flows.)
 */
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import { proofKey, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('S32: what belongs to another portal', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  let publicPortal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    [portal, other] = [await registerRelyingParty(service), await registerRelyingParty(service)];
    publicPortal = await registerRelyingParty(service, { registration: { token_endpoint_auth_method: 'none' } });
  });
  after(() => service.dispose());
  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  it('a code, with its verifier and redirect URI: invalid_grant, on record, and still good for its owner', async () => {
    const pkce = proofKey();
    const answer = await portal.authorize(citizen(), portal.requestParameters(pkce.parameters));
    const code = answer.parameters.get('code') ?? expect.fail(answer.lastPage);
    for (const thief of [other, publicPortal]) {
      const { status, body } = await thief.redeem(code, { code_verifier: pkce.verifier });
      expect([status, body.error]).to.deep.equal([400, 'invalid_grant']);
      expect((await service.auditRecords()).at(-1)?.event).to.deep.equal({
        type: 'portal.refused',
        endpoint: 'token',
        error: 'invalid_grant',
        clientId: thief.clientId,
      });
    }
    expect((await portal.redeem(code, { code_verifier: pkce.verifier })).status).to.equal(200);
  });

  it('a code, by its owner in the name of another: invalid_client or invalid_request', async () => {
    const pkce = proofKey();
    const answer = await portal.authorize(citizen(), portal.requestParameters(pkce.parameters));
    const { body } = await portal.redeem(answer.parameters.get('code') ?? '', {
      code_verifier: pkce.verifier,
      client_id: other.clientId,
    });
    expect(body.error).to.equal('invalid_request');
    expect(body).to.not.have.any.keys('access_token', 'id_token');
  });

  it('a pushed request: refused, whoever says so', async () => {
    const parameters = portal.requestParameters(proofKey().parameters);
    const pushed = await portal.post(portal.endpoint('pushed_authorization_request'), parameters);
    expect(pushed.status).to.equal(201);
    const request_uri = String(pushed.body.request_uri);
    for (const thief of [other, publicPortal]) {
      const answer = await thief.authorize(citizen(), { client_id: thief.clientId, request_uri });
      expect(answer.parameters.get('code')).to.equal(null);
      expect(answer.lastPage).to.equal('400 /auth AUTHORIZATION_REQUEST_REFUSED');
    }
    const answer = await portal.authorize(citizen(), { client_id: portal.clientId, request_uri });
    expect(answer.parameters.get('code'), answer.lastPage).to.be.a('string');
  });
});
