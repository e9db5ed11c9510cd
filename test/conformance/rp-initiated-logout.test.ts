/**
 * OpenID's plan `oidcc-rp-initiated-logout-certification-test-plan` (OpenID Connect RP-Initiated Logout 1.0). One test per
 * module, named by the module.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { generateKeyPair, SignJWT } from 'jose';
import type { Citizen } from '../support/citizen.ts';
import { type Passage, passThrough } from '../support/passage.ts';
import {
  expectError,
  type Parameters,
  PORTAL_ORIGIN,
  registerRelyingParty,
  type SignedIn,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { BASIC_PLAN, citizenOf } from './basic-plan.ts';

const LOGGED_OUT = `${PORTAL_ORIGIN}/post_logout_redirect`;
/** As long as OpenID's suite makes it, to see that it comes back whole. */
const newState = (): string => randomBytes(96).toString('base64url');

describe('oidcc-rp-initiated-logout-certification-test-plan', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let citizen: Citizen;
  let signedIn: SignedIn;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, {
      registration: { ...BASIC_PLAN, post_logout_redirect_uris: [LOGGED_OUT] },
    });
  });
  beforeEach(async () => {
    citizen = citizenOf(service);
    signedIn = await portal.signIn(citizen);
  });
  after(() => service.dispose());

  it('oidcc-rp-initiated-logout-discovery-endpoint-verification', () => {
    expect(portal.endpoint('end_session').origin).to.equal(service.issuer);
  });

  it('oidcc-rp-initiated-logout', async () => {
    const state = newState();
    const { arrived } = await logOut({ post_logout_redirect_uri: LOGGED_OUT, state });
    expect(arrived?.url.href).to.equal(`${LOGGED_OUT}?state=${state}`);
    await expectSession(false);
  });

  it('oidcc-rp-initiated-logout-no-state', async () => {
    const { arrived } = await logOut({ post_logout_redirect_uri: LOGGED_OUT });
    expect(arrived?.url.href).to.equal(LOGGED_OUT);
    await expectSession(false);
  });

  for (const [module, changes] of [
    ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', { post_logout_redirect_uri: `${PORTAL_ORIGIN}/other` }],
    [
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
      { post_logout_redirect_uri: `${LOGGED_OUT}?foo=bar` },
    ],
  ] as const) {
    it(module, async () => {
      await expectRefusal(await logOut({ state: newState(), ...changes }));
    });
  }

  it('oidcc-rp-initiated-logout-no-id-token-hint', async () => {
    // An error, or a page that asks first: either way, nobody is sent to an address of whoever made the link.
    const { arrived } = await logOut({
      post_logout_redirect_uri: LOGGED_OUT,
      state: newState(),
      id_token_hint: undefined,
    });
    expect(arrived).to.equal(undefined);
  });

  it('oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
    const [, payload] = signedIn.idToken.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const id_token_hint = `${header}.${payload}.`;
    await expectRefusal(await logOut({ post_logout_redirect_uri: LOGGED_OUT, state: newState(), id_token_hint }));
  });

  it('oidcc-rp-initiated-logout-bad-id-token-hint', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const { kid } = signedIn.header;
    const id_token_hint = await new SignJWT(signedIn.claims)
      .setProtectedHeader({ alg: 'ES256', ...(kid !== undefined && { kid }) })
      .sign(privateKey);
    await expectRefusal(await logOut({ post_logout_redirect_uri: LOGGED_OUT, state: newState(), id_token_hint }));
  });

  for (const [module, changes] of [
    ['oidcc-rp-initiated-logout-no-params', { id_token_hint: undefined }],
    ['oidcc-rp-initiated-logout-only-state', { id_token_hint: undefined, state: newState() }],
    ['oidcc-rp-initiated-logout-no-post-logout-redirect-uri', { state: newState() }],
  ] as const) {
    it(module, async () => {
      const { arrived, last, lastPage, pages } = await logOut(changes);
      expect(arrived).to.equal(undefined);
      expect(pages).to.deep.equal(['sign-out']);
      expect(last.status, lastPage).to.equal(200);
      expect(last.body).to.include('data-page="signed-out"');
      await expectSession(false);
    });
  }

  /** Opens the end session endpoint, with the ID token as hint unless told, and confirms where the page asks. */
  async function logOut(changes: Parameters): Promise<Passage> {
    const url = portal.endpoint('end_session');
    const parameters: Parameters = { id_token_hint: signedIn.idToken, ...changes };
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
    return passThrough(citizen, await citizen.send('GET', url), ({ origin }) => origin === PORTAL_ORIGIN);
  }

  /** An error on a page of the service; the browser goes nowhere and stays signed in. */
  async function expectRefusal({ arrived, last, pages }: Passage): Promise<void> {
    expect(arrived).to.equal(undefined);
    expect(pages).to.deep.equal([]);
    expect(last.status).to.equal(400);
    expect(last.body).to.match(/<body data-code="[A-Z_]+"/);
    await expectSession(true);
  }

  async function expectSession(isThere: boolean): Promise<void> {
    const parameters = portal.requestParameters({ prompt: 'none' });
    const answer = await portal.authorize(citizen, parameters);
    if (isThere) expect(answer.parameters.get('code'), answer.lastPage).to.be.a('string');
    else expectError(answer, parameters.state, 'login_required', 'interaction_required');
  }
});
