/**
 * OpenID Connect RP-Initiated Logout 1.0 through the whole service: asked first, on a page of ours; on to a registered
 * address or nowhere; on record.
 */
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { findAction, unescapeText } from '../../src/demo/page-reading.ts';
import { LOCALES } from '../../src/http/localization.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import {
  type Parameters,
  PORTAL_ORIGIN,
  registerRelyingParty,
  type SignedIn,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const LOGGED_OUT = `${PORTAL_ORIGIN}/logged-out?from=thiqa`;

describe('a citizen signs out', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  let citizen: Citizen;
  let signedIn: SignedIn;
  before(async () => {
    service = await startTestService();
    const registration = { require_pkce: false, post_logout_redirect_uris: [LOGGED_OUT] };
    portal = await registerRelyingParty(service, { registration });
    other = await registerRelyingParty(service, { registration: { ...registration, post_logout_redirect_uris: [] } });
  });
  after(() => service.dispose());
  beforeEach(async () => {
    citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    signedIn = await portal.signIn(citizen);
  });

  const endSession = (parameters: Parameters, as: Citizen = citizen, method: 'GET' | 'POST' = 'GET') => {
    const url = portal.endpoint('end_session');
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const query = new URLSearchParams(given);
    if (method === 'POST') return as.send('POST', url, { Origin: PORTAL_ORIGIN }, query.toString());
    return as.send('GET', new URL(`${url.href}?${query}`));
  };
  const request = (changes: Parameters = {}): Parameters => ({
    id_token_hint: signedIn.idToken,
    post_logout_redirect_uri: LOGGED_OUT,
    state: 'opaque & odd',
    ...changes,
  });
  const hasSession = async (at: TestRelyingParty = portal): Promise<boolean> =>
    (await at.authorize(citizen, at.requestParameters({ prompt: 'none' }))).parameters.has('code');
  const lastEvent = async (): Promise<AuditEvent | undefined> => (await service.auditRecords()).at(-1)?.event;
  const expectPage = (page: PageResponse, name: string): void => {
    expect(page.status).to.equal(200);
    expect(page.body).to.include(`data-page="${name}"`);
    expect(page.headers['content-security-policy']).to.include("default-src 'none'").and.not.include('script-src');
    expect(page.body).to.not.include('<script');
  };

  it('is asked first, and stays signed in until the answer', async () => {
    const page = await endSession(request());
    expectPage(page, 'sign-out');
    expect(page.body).to.include('Portal of a test');
    expect(await hasSession()).to.equal(true);
  });

  it('then goes back to the registered address with the state, and the session is gone everywhere', async () => {
    await other.signIn(citizen);
    const ended = await citizen.press(await endSession(request()), 'sign-out');
    expect(await lastEvent()).to.deep.include({ type: 'citizen.signed-out', clientId: portal.clientId, isWhole: true });
    expect(redirectOf(ended)?.href).to.equal(`${LOGGED_OUT}&state=opaque+%26+odd`);
    expect(await hasSession()).to.equal(false);
    expect(await hasSession(other)).to.equal(false);
  });

  it('ends the tokens with the session', async () => {
    expect((await portal.userinfo(signedIn.accessToken)).status).to.equal(200);
    await citizen.press(await endSession(request()), 'sign-out');
    expect((await portal.userinfo(signedIn.accessToken)).status).to.equal(401);
  });

  it('or leaves that portal alone: its tokens end, the session goes on', async () => {
    const { accessToken } = await other.signIn(citizen);
    const left = await citizen.press(await endSession(request()), 'stay');
    expect(await lastEvent()).to.deep.include({
      type: 'citizen.signed-out',
      clientId: portal.clientId,
      isWhole: false,
    });
    expect(redirectOf(left)?.origin).to.equal(PORTAL_ORIGIN);
    expect((await portal.userinfo(signedIn.accessToken)).status).to.equal(401);
    expect((await other.userinfo(accessToken)).status).to.equal(200);
    expect(await hasSession(other)).to.equal(true);
  });

  it('reads that it is done, on a page of ours, where no address was given', async () => {
    const ended = await citizen.press(await endSession(request({ post_logout_redirect_uri: undefined })), 'sign-out');
    expectPage(await citizen.follow(ended), 'signed-out');
  });

  it('is not offered to leave a portal that the request does not name', async () => {
    const page = await endSession({});
    expectPage(page, 'sign-out');
    expect(findAction(page.body, 'stay', page.url)).to.equal(undefined);
  });

  it('who has no session goes on at once, and to no other address', async () => {
    const stranger = new Citizen({ tlsRootPem: service.tlsRootPem });
    expect(redirectOf(await endSession(request(), stranger))?.href).to.equal(`${LOGGED_OUT}&state=opaque+%26+odd`);
    expectPage(await endSession({ client_id: portal.clientId }, stranger), 'signed-out');
    // Nobody vouches for the address: it is not gone to.
    expectPage(await endSession({ post_logout_redirect_uri: LOGGED_OUT }, stranger), 'signed-out');
  });

  it('by a form of the portal as by a link: the session cookie, which a foreign form lacks, comes with the redirect', async () => {
    const posted = await endSession(request(), citizen, 'POST');
    expect(posted.status).to.equal(303);
    const asked = await citizen.follow(posted);
    expectPage(asked, 'sign-out');
    // An ID token may say of a person what no address should.
    expect(posted.headers.location).to.not.include(signedIn.idToken.split('.')[1]);
    expect(redirectOf(posted)?.searchParams.get('client_id')).to.equal(portal.clientId);
    expect(redirectOf(await citizen.press(asked, 'sign-out'))?.href).to.equal(
      `${LOGGED_OUT}&state=${encodeURIComponent('opaque & odd').replaceAll('%20', '+')}`,
    );
  });

  for (const [fault, changes] of [
    ['that is no ID token', () => ({ id_token_hint: 'x.y.z' })],
    ['whose signature is another', () => ({ id_token_hint: `${signedIn.idToken.slice(0, -8)}AAAAAAAA` })],
    ['for another portal than the request names', () => ({ client_id: other.clientId })],
  ] as const) {
    it(`a posted hint ${fault} is refused as one in an address is`, async () => {
      const page = await citizen.follow(await endSession(request(changes()), citizen, 'POST'));
      expect([page.status, codeOf(page)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
      expect(await lastEvent()).to.include({ type: 'portal.refused', endpoint: 'end_session' });
      expect(await hasSession()).to.equal(true);
    });
  }

  it('reads the page in the language that the portal wishes, whatever the logout_hint says', async () => {
    const hint = '"><script>alert(1)</script>';
    const page = await endSession(request({ ui_locales: 'ar-MA fr', logout_hint: hint }));
    expectPage(page, 'sign-out');
    expect(page.body).to.include('<html lang="ar" dir="rtl">').and.not.include('alert(1)');
  });

  for (const { language, direction, t } of LOCALES) {
    it(`is asked in ${language} where the portal wishes it, and told in it that it is done`, async () => {
      const asked = await endSession(request({ ui_locales: language, post_logout_redirect_uri: undefined }));
      expectPage(asked, 'sign-out');
      expect(asked.body).to.include(`<html lang="${language}" dir="${direction}">`);
      for (const key of ['sign-out.title', 'sign-out.text', 'sign-out.submit', 'sign-out.stay'] as const) {
        expect(unescapeText(asked.body), key).to.include(t(key));
      }
      for (const { name } of LOCALES) expect(asked.body).to.include(`>${name}</a>`);
      const done = await citizen.follow(await citizen.press(asked, 'sign-out'));
      expectPage(done, 'signed-out');
      expect(done.body).to.include(`<html lang="${language}"`);
      expect(unescapeText(done.body)).to.include(t('signed-out.title')).and.include(t('signed-out.card'));
    });
  }

  it('who leaves the portal alone is told so in that language too; an address of the portal is not given it', async () => {
    const asked = await endSession(request({ ui_locales: 'ar-MA fr', post_logout_redirect_uri: undefined }));
    const left = await citizen.follow(await citizen.press(asked, 'stay'));
    expectPage(left, 'signed-out');
    expect(left.body).to.include('<html lang="ar" dir="rtl">').and.include('Portal of a test');
    const ended = await citizen.press(await endSession(request({ ui_locales: 'ar' })), 'sign-out');
    expect(redirectOf(ended)?.href).to.equal(`${LOGGED_OUT}&state=opaque+%26+odd`);
  });

  for (const [fault, changes] of [
    ['with an address that is not registered', { post_logout_redirect_uri: `${PORTAL_ORIGIN}/elsewhere` }],
    ['with a registered address and a path more', { post_logout_redirect_uri: `${LOGGED_OUT}/more` }],
    [
      'with a registered address in other letters',
      { post_logout_redirect_uri: LOGGED_OUT.replace('portal', 'PORTAL') },
    ],
    ['with a portal that is not registered', { id_token_hint: undefined, client_id: 'nobody' }],
    ['with a hint that is no ID token', { id_token_hint: 'x' }],
  ] as const) {
    it(`a request ${fault} is refused on a page of ours, with a code`, async () => {
      const page = await endSession(request(changes));
      expect(redirectOf(page)).to.equal(undefined);
      expect([page.status, codeOf(page)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
      expect(await lastEvent()).to.include({ type: 'portal.refused', endpoint: 'end_session' });
      expect(await hasSession()).to.equal(true);
    });
  }

  it('a hint for one portal does not open the address of another', async () => {
    const page = await endSession(request({ client_id: other.clientId }));
    expect([page.status, codeOf(page)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
    const foreign = await endSession({ client_id: other.clientId, post_logout_redirect_uri: LOGGED_OUT });
    expect([foreign.status, codeOf(foreign)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
  });

  it('an answer that does not carry the secret of the page ends nothing', async () => {
    const page = await endSession(request());
    const action = findAction(page.body, 'sign-out', page.url);
    const forged = await citizen.send(
      'POST',
      action?.url ?? page.url,
      { Origin: page.url.origin },
      'xsrf=x&logout=yes',
    );
    expect([forged.status, codeOf(forged)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
    expect(await hasSession()).to.equal(true);
  });

  it('nor one that another browser sends', async () => {
    const page = await endSession(request());
    const stranger = new Citizen({ tlsRootPem: service.tlsRootPem });
    const forged = await stranger.press(page, 'sign-out');
    expect([forged.status, codeOf(forged)]).to.deep.equal([400, 'LOGOUT_REQUEST_REFUSED']);
    expect(await hasSession()).to.equal(true);
  });
});
