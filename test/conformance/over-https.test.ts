/**
 * As OpenID's suite meets the service: it ends TLS itself, its cookies are for https alone, and nothing of a sign-in leaves
 * that. The modules run over plain HTTP on loopback beside this; here are the ways that could differ.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import { type HttpsService, startHttpsService } from '../support/https-service.ts';
import { expectSuccess, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { BASIC_PLAN } from './basic-plan.ts';
import { FapiPortal } from './fapi2-plan.ts';

describe('a sign-in over https', () => {
  let service: HttpsService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startHttpsService(() => ({ sandbox: { virtualCards: true } }));
    portal = await registerRelyingParty(service, { registration: { ...BASIC_PLAN } });
  });
  after(() => service?.dispose());

  const citizen = (): Citizen => {
    const card = service.demonstration.cards.find(({ id }) => id === 'valid');
    if (card === undefined) throw new TypeError('the demonstration has that card');
    const [certificatePem, keyPem] = [card.certificatePath, card.keyPath].map((path) => readFileSync(path, 'utf8'));
    return new Citizen({
      tlsRootPem: service.tlsRootPem,
      card: { certificatePem: certificatePem ?? '', keyPem: keyPem ?? '' },
    });
  };

  it('goes from request to userinfo, by GET and by POST', async () => {
    for (const method of ['GET', 'POST'] as const) {
      const { answer, accessToken, claims } = await portal.signIn(citizen(), { scope: 'openid profile' }, { method });
      expect(answer.pages).to.include('present-card');
      expect(claims.iss).to.match(/^https:/);
      expect((await portal.userinfo(accessToken)).body.given_name).to.equal('Fatima Zahra');
    }
  });

  it('sets no cookie that would travel without TLS, or that a script can read', async () => {
    const one = citizen();
    const url = new URL(`${portal.endpoint('authorization')}?${new URLSearchParams(portal.requestParameters())}`);
    const cookies = (await one.send('GET', url)).headers['set-cookie'] ?? [];
    expect(cookies).to.not.have.lengthOf(0);
    for (const cookie of cookies) expect(cookie.toLowerCase()).to.include('secure').and.include('httponly');
  });

  it('answers by a form that posts itself, under a policy that lets it go to that portal and nowhere else', async () => {
    const parameters = portal.requestParameters({ response_mode: 'form_post' });
    const answer = await portal.authorize(citizen(), parameters);
    expect(answer.arrived?.method).to.equal('POST');
    expect(answer.arrived?.url.href).to.equal(parameters.redirect_uri);
    expectSuccess(answer, parameters.state, service.issuer);
    expect(answer.last.headers['content-security-policy']).to.include('form-action https://portal.example;');
  });

  it('does the same for a portal of FAPI 2.0, whose proofs name https addresses', async () => {
    const fapi = await FapiPortal.register(service);
    const { pkce, parameters, pushed } = await fapi.pushPlain();
    await fapi.expectSignIn(citizen(), parameters, pkce, pushed);
  });
});
