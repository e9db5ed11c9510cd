/**
 * One browser, several sign-ins at once: of one citizen in two windows, and of two citizens one after the other. What one
 * left open is never finished by the other.
 */
import { expect } from 'chai';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import type { CookieJar } from '../../src/demo/cookie-jar.ts';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import {
  type Parameters,
  PORTAL_ORIGIN,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a browser that several sign-ins share', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());
  beforeEach(async () => {
    const registration = { require_pkce: false };
    portal = await registerRelyingParty(service, { registration });
    other = await registerRelyingParty(service, { registration });
  });

  const citizen = (card: CardId = 'valid', jar?: CookieJar): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) }, jar);
  const isPortal = (next: URL): boolean => next.origin === PORTAL_ORIGIN;
  const begin = async (who: Citizen, at: TestRelyingParty, changes: Parameters = {}): Promise<PageResponse> => {
    const url = at.endpoint('authorization');
    url.search = new URLSearchParams(at.requestParameters({ scope: 'openid profile', ...changes })).toString();
    return who.follow(await who.send('GET', url), isPortal);
  };
  const press = async (who: Citizen, page: PageResponse, name: string): Promise<PageResponse> =>
    who.follow(await who.press(page, name), isPortal);
  const tokenOf = async (at: TestRelyingParty, back: PageResponse): Promise<string> => {
    const code = redirectOf(back)?.searchParams.get('code') ?? expect.fail(codeOf(back) ?? back.body);
    return String((await at.redeem(code)).body.access_token);
  };
  const givenName = async (at: TestRelyingParty, back: PageResponse): Promise<unknown> =>
    (await at.userinfo(await tokenOf(at, back))).body.given_name;

  it('finishes both sign-ins of one citizen, whichever ends first', async () => {
    const one = citizen();
    const [first, second] = [await begin(one, portal), await begin(one, other)];
    const secondConsent = await press(one, second, 'present-card');
    const firstConsent = await press(one, first, 'present-card');
    expect(await givenName(other, await press(one, secondConsent, 'consent'))).to.equal('Fatima Zahra');
    expect(await givenName(portal, await press(one, firstConsent, 'consent'))).to.equal('Fatima Zahra');
  });

  it('leaves what a portal received in one window as it is, while another window signs in there', async () => {
    const one = citizen();
    const consent = await press(one, await begin(one, portal), 'present-card');
    const first = await tokenOf(portal, await press(one, consent, 'consent'));
    const second = await tokenOf(portal, await begin(one, portal, { prompt: 'none' }));
    await begin(one, portal, { prompt: 'login' });
    for (const token of [first, second]) expect((await portal.userinfo(token)).status).to.equal(200);
  });

  it('leaves the code and the tokens of one window as they are, while the portal asks for something else in another', async () => {
    const one = citizen();
    const consent = await press(one, await begin(one, portal), 'present-card');
    const first = await tokenOf(portal, await press(one, consent, 'consent'));
    const underWay = await begin(one, portal);
    const asked = { scope: 'openid', claims: JSON.stringify({ userinfo: { birthdate: null } }) };
    const second = await tokenOf(portal, await begin(one, portal, asked));
    expect(await givenName(portal, underWay)).to.equal('Fatima Zahra');
    expect((await portal.userinfo(first)).body).to.have.property('given_name');
    expect((await portal.userinfo(second)).body).to.have.property('birthdate');
    expect((await portal.userinfo(second)).body).to.not.have.property('given_name');
  });

  it('finishes what two portals, or one portal twice, ask for at the same moment', async () => {
    for (const at of [portal, other]) await at.signIn(citizen(), { scope: 'openid profile' });
    const one = citizen();
    const first = await registerRelyingParty(service, { registration: { require_pkce: false } });
    await first.signIn(one);
    const asked: [TestRelyingParty, Parameters][] = [
      [portal, {}],
      [other, {}],
      [portal, { scope: 'openid' }],
    ];
    const answers = await Promise.all(asked.map(([at, changes]) => begin(one, at, { ...changes, prompt: 'none' })));
    for (const [index, [at]] of asked.entries()) {
      const token = await tokenOf(at, answers[index] ?? expect.fail('no answer'));
      expect((await at.userinfo(token)).status).to.equal(200);
    }
  });

  it('ends all of them where the citizen leaves the portal, for good', async () => {
    const one = citizen();
    const consent = await press(one, await begin(one, portal), 'present-card');
    const first = await tokenOf(portal, await press(one, consent, 'consent'));
    const second = await tokenOf(portal, await begin(one, portal, { scope: 'openid' }));
    const url = portal.endpoint('end_session');
    url.search = new URLSearchParams({ client_id: portal.clientId }).toString();
    await press(one, await one.send('GET', url), 'stay');
    const third = await tokenOf(portal, await begin(one, portal, { scope: 'openid' }));
    for (const token of [first, second]) expect((await portal.userinfo(token)).status).to.equal(401);
    expect((await portal.userinfo(third)).status).to.equal(200);
  });

  it('signs in who presents the card, and whoever signed in through another window meanwhile is signed out', async () => {
    const one = citizen();
    const two = citizen('valid-arabic', one.jar);
    const left = await begin(two, portal);
    const former = await tokenOf(
      other,
      await press(one, await press(one, await begin(one, other), 'present-card'), 'consent'),
    );
    const asked = await press(two, left, 'present-card');
    expect(asked.body).to.include('Youssef').and.not.include('Fatima');
    expect((await other.userinfo(former)).status).to.equal(401);
    expect(await givenName(portal, await press(two, asked, 'consent'))).to.equal('Youssef');
    expect(redirectOf(await begin(two, other, { prompt: 'none' }))?.searchParams.get('error')).to.equal(
      'consent_required',
    );
  });

  it('asks whoever presents the card for the consent that the portal wants anew, though another gave theirs in that sign-in', async () => {
    await portal.signIn(citizen(), { scope: 'openid profile' });
    const one = citizen();
    const page = await begin(one, portal, { prompt: 'consent' });
    // As where the session of who consented became too old for the request (max_age) meanwhile.
    const store = await service.openStore();
    const id = page.url.pathname.split('/')[2] ?? '';
    const found = (await store.protocol.find('Interaction', { id }, new Date())) ?? expect.fail('no interaction');
    await store.protocol.put({ ...found, payload: { ...found.payload, lastSubmission: { consent: {} } } });
    await store.close();
    expect((await press(one, page, 'present-card')).body).to.include('data-action="consent"');
  });

  it('shows nobody the page of a citizen whose browser was closed, and lets nobody answer it', async () => {
    const one = citizen();
    const left = await press(one, await begin(one, portal), 'present-card');
    expect(left.body).to.include('Fatima');
    // Closed, a browser forgets the cookies that have no end of their own.
    const headers = {
      Cookie: one.jar.headerFor(left.url, new Date())?.replace(/_session(\.sig)?=[^;]*(; )?/g, '') ?? '',
    };
    expect(headers.Cookie).to.include('_interaction.sig=');
    const records = (await service.auditRecords()).length;
    for (const answer of [
      await one.send('GET', left.url, headers),
      await one.send('POST', new URL(`${left.url}/consent`), { ...headers, Origin: left.url.origin }, ''),
    ]) {
      expect([answer.status, codeOf(answer)]).to.deep.equal([404, 'INTERACTION_NOT_FOUND']);
    }
    const since = (await service.auditRecords()).slice(records).map(({ event }) => event.type);
    expect(since).to.deep.equal(['request.refused', 'request.refused']);
  });

  it('lets nobody consent on the page that another citizen left open', async () => {
    const one = citizen();
    const left = await press(one, await begin(one, portal), 'present-card');
    const two = citizen('valid-arabic', one.jar);
    const asked = await press(two, await begin(two, other, { prompt: 'login' }), 'present-card');
    expect(asked.body).to.include('Youssef').and.not.include('Fatima');
    const records = (await service.auditRecords()).length;
    const refused = await press(two, left, 'consent');
    expect([refused.status, codeOf(refused)]).to.deep.equal([404, 'INTERACTION_NOT_FOUND']);
    // Nobody has consented to anything.
    const since = (await service.auditRecords()).slice(records).map(({ event }) => event.type);
    expect(since).to.not.include('citizen.consented');
    expect(await givenName(other, await press(two, asked, 'consent'))).to.equal('Youssef');
    // And the first portal learns nothing of who sits there now.
    expect(redirectOf(await begin(two, portal, { prompt: 'none' }))?.searchParams.get('error')).to.equal(
      'consent_required',
    );
  });
});
