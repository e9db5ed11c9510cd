/**
 * The demonstration portal at the end of a session: it asks for one itself, and it hears of one that another portal asked for.
 */
import { expect } from 'chai';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { Citizen } from '../support/citizen.ts';
import { registerRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('the demonstration portal, when a citizen signs out', () => {
  let service: TestService;
  let citizen: Citizen;
  let home: PageResponse;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());
  beforeEach(async () => {
    citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    home = await citizen.follow(await citizen.press(await citizen.begin(service.portal), 'present-card'));
    if (home.url.origin !== service.portal.origin) home = await citizen.follow(await citizen.press(home, 'consent'));
    expect(home.body).to.include('Sign out everywhere');
  });

  const open = (path: string) => citizen.send('GET', new URL(path, service.portal));

  it('everywhere: asked by the identity service, and back on a page that says so', async () => {
    const asked = await citizen.follow(await citizen.press(home, 'sign-out-everywhere'));
    expect(asked.url.origin).to.equal(service.issuer);
    expect((await open('/me')).status).to.equal(200);
    const back = await citizen.follow(await citizen.press(asked, 'sign-out'));
    expect(back.url.pathname).to.equal('/signed-out');
    expect(back.body).to.include('data-page="signed-out"');
    for (const language of ['lang="fr"', 'lang="ar" dir="rtl"', 'lang="zgh"']) expect(back.body).to.include(language);
    expect((await open('/me')).status).to.equal(401);
  });

  it('of this portal alone: back on a page that does not speak of the identity service, where the session goes on', async () => {
    const asked = await citizen.follow(await citizen.press(home, 'sign-out-everywhere'));
    const back = await citizen.follow(await citizen.press(asked, 'stay'));
    expect(back.body).to.include('data-page="signed-out"').and.not.include('identity service');
    expect((await open('/me')).status).to.equal(401);
    const other = await registerRelyingParty(service, { registration: { require_pkce: false } });
    expect((await other.signIn(citizen)).idToken).to.be.a('string');
  });

  it('at another portal: signed out here too, and told why, once', async () => {
    const other = await registerRelyingParty(service, { registration: { require_pkce: false } });
    await other.signIn(citizen);
    await citizen.press(await citizen.send('GET', other.endpoint('end_session')), 'sign-out');
    let page = await open('/');
    while (page.body.includes('Sign out everywhere')) page = await open('/');
    expect(page.body).to.include('data-page="signed-out"');
    expect((await open('/me')).status).to.equal(401);
    expect((await open('/')).body).to.include('Renew your passport');
  });

  it('nobody else can sign the citizen out of the portal by an address, nor make it say so', async () => {
    for (const path of ['/signed-out?state=guessed', '/signed-out']) {
      const page = await citizen.follow(await open(path));
      expect(page.url.pathname).to.equal('/');
      expect(page.body).to.include('Sign out everywhere').and.not.include('data-page="signed-out"');
    }
    expect((await open('/me')).status).to.equal(200);
  });
});
