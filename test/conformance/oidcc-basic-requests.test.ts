/**
 * OpenID's plan `oidcc-basic-certification-test-plan`: parameters of the authorization request (OpenID Connect Core 3.1.2.1)
 * and what they do to the pages and the session. One test per module, named by the module.
 */
import { expect } from 'chai';
import { findAction } from '../../src/demo/page-reading.ts';
import type { Citizen } from '../support/citizen.ts';
import {
  expectError,
  type Parameters,
  proofKey,
  registerRelyingParty,
  type SignedIn,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { BASIC_PLAN, citizenOf } from './basic-plan.ts';

/** OpenID Connect Core 3.1.2.6: the errors that say that a page would have been needed. */
const NEEDS_A_PAGE = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];

describe('oidcc-basic-certification-test-plan: requests', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: BASIC_PLAN });
  });
  after(() => service.dispose());

  it('oidcc-alternate-happy-flow', async () => {
    const parameters = Object.fromEntries(
      Object.entries(portal.requestParameters({ scope: 'profile openid' })).reverse(),
    );
    const answer = await portal.authorize(citizenOf(service), parameters);
    const { status, body } = await portal.redeem(answer.parameters.get('code') ?? '');
    expect(status).to.equal(200);
    expect(String(body.scope).split(' ')).to.have.members(['openid', 'profile']);
    await portal.verifyIdToken(String(body.id_token), parameters.nonce);
  });

  for (const [module, changes] of [
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-login-hint', { login_hint: 'buffy@id.example' }],
  ] as const) {
    it(module, async () => {
      const { answer } = await portal.signIn(citizenOf(service), changes);
      // A new browser: the citizen gets the page that asks for the card.
      expect(answer.pages[0]).to.equal('present-card');
    });
  }

  it('oidcc-ui-locales', async () => {
    const citizen = citizenOf(service);
    // No page is in Northern Sami: the browser's language it is, and no error.
    expect((await portal.signIn(citizen, { ui_locales: 'se' })).answer.pages[0]).to.equal('present-card');
    for (const [locales, expected] of [
      ['se ar', '<html lang="ar" dir="rtl">'],
      ['fr', '<html lang="fr" dir="ltr">'],
      ['ber-MA ar', '<html lang="zgh" dir="ltr">'],
    ] as const) {
      const parameters = new URLSearchParams(portal.requestParameters({ ui_locales: locales }));
      const first = citizenOf(service);
      const page = await first.follow(
        await first.send('GET', new URL(`${portal.endpoint('authorization')}?${parameters}`)),
      );
      expect(page.body).to.include(expected);
      expect(findAction(page.body, 'present-card', page.url), locales).not.to.equal(undefined);
    }
  });

  it('oidcc-ensure-request-with-acr-values-succeeds', async () => {
    const offered = portal.metadata.acr_values_supported;
    if (!Array.isArray(offered)) throw new Error('no levels are offered');
    const { claims } = await portal.signIn(citizenOf(service), { acr_values: offered.join(' ') });
    expect(claims.acr).to.be.oneOf(offered);
  });

  it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    // RFC 9700 2.1.1: one of PKCE and nonce ties the code to the request. A sandbox alone may register a portal without both.
    const withoutBoth = await registerRelyingParty(service, { registration: { ...BASIC_PLAN, require_nonce: false } });
    const { claims } = await withoutBoth.signIn(citizenOf(service), { nonce: undefined });
    expect(claims).not.to.have.property('nonce');

    const parameters = portal.requestParameters({ nonce: undefined });
    expectError(await portal.authorize(citizenOf(service), parameters), parameters.state, 'invalid_request');
    const { verifier, parameters: pkce } = proofKey();
    const request = { nonce: undefined, ...pkce };
    await portal.signIn(citizenOf(service), request, { redeemWith: { code_verifier: verifier } });
  });

  it('oidcc-prompt-login', async () => {
    const { first, second, secondClaims, firstClaims } = await twice({}, { prompt: 'login' });
    expect(first.pages).to.include('present-card');
    expect(second.pages, 'the card is asked for again').to.include('present-card');
    expect(secondClaims.sub).to.equal(firstClaims.sub);
    expect(Number(secondClaims.auth_time)).to.be.above(Number(firstClaims.auth_time));
  });

  it('oidcc-prompt-none-not-logged-in', async () => {
    const parameters = portal.requestParameters({ prompt: 'none' });
    const answer = await portal.authorize(citizenOf(service), parameters);
    expectError(answer, parameters.state, ...NEEDS_A_PAGE);
    expect(answer.pages).to.deep.equal([]);
  });

  it('oidcc-prompt-none-logged-in', async () => {
    const { second, firstClaims, secondClaims } = await twice({}, { prompt: 'none' });
    expect(second.pages).to.deep.equal([]);
    expectSameAuthentication(firstClaims, secondClaims);
  });

  it('oidcc-max-age-1', async () => {
    const { second, firstClaims, secondClaims } = await twice({}, { max_age: '1' });
    expect(second.pages, 'the card is asked for again').to.include('present-card');
    expect(secondClaims.sub).to.equal(firstClaims.sub);
    expect(secondClaims.auth_time).to.be.a('number').above(Number(firstClaims.auth_time));
  });

  it('oidcc-max-age-10000', async () => {
    const { second, firstClaims, secondClaims } = await twice({ max_age: '15000' }, { max_age: '10000' });
    expect(second.pages).to.deep.equal([]);
    expectSameAuthentication(firstClaims, secondClaims);
  });

  it('oidcc-id-token-hint', async () => {
    const citizen = citizenOf(service);
    const first = await portal.signIn(citizen, { max_age: '15000' });
    const hinted = { prompt: 'none', max_age: '15000', id_token_hint: first.idToken };
    const second = await portal.signIn(citizen, hinted);
    expect(second.answer.pages).to.deep.equal([]);
    expectSameAuthentication(first.claims, second.claims);

    // The hint names one person; where another one is signed in, nobody may be taken for the first.
    const other = await signInOther();
    const parameters = portal.requestParameters(hinted);
    expectError(await portal.authorize(other, parameters), parameters.state, 'login_required');
  });

  /** A citizen who is signed in with the card of another person. */
  async function signInOther(): Promise<Citizen> {
    const citizen = citizenOf(service, 'valid-arabic');
    await portal.signIn(citizen);
    return citizen;
  }

  /** Two requests from one browser, half a minute apart; both ask for auth_time, which shows whether the card was asked for again. */
  async function twice(firstChanges: Parameters, secondChanges: Parameters) {
    const authTime = { claims: JSON.stringify({ id_token: { auth_time: { essential: true } } }) };
    const citizen = citizenOf(service);
    const sign = (changes: Parameters): Promise<SignedIn> => portal.signIn(citizen, { ...authTime, ...changes });
    service.advance(-30);
    const first = await sign(firstChanges);
    service.advance(30);
    const second = await sign(secondChanges);
    return { first: first.answer, second: second.answer, firstClaims: first.claims, secondClaims: second.claims };
  }

  function expectSameAuthentication(first: SignedIn['claims'], second: SignedIn['claims']): void {
    expect(first.auth_time).to.be.a('number');
    expect(second.auth_time).to.equal(first.auth_time);
    expect(second.sub).to.equal(first.sub);
  }
});
