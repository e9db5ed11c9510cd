/**
 * oidc-client-ts in Chromium: a portal that is a page and has no server, so it is a public client with PKCE that asks the
 * service across origins (RFC 9700 2.1.1; Fetch, CORS protocol).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ISSUING_CA_COMMON_NAME } from '../../src/demo/cards.ts';
import { BROWSER_PACKAGES, type CitizenBrowser, launchBrowser } from '../support/browser.ts';
import { type ClientApplication, type Registered, serveClientApplication } from '../support/client-application.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { createSoftCard, SOFT_CARD_PACKAGES, type SoftCard } from '../support/soft-card.ts';
import { requireRoot, requireTools } from '../support/tools.ts';

const main = createRequire(import.meta.url).resolve('oidc-client-ts');
const LIBRARY = readFileSync(join(dirname(main), '..', 'browser', 'oidc-client-ts.min.js'));

describe('a portal on oidc-client-ts', function () {
  this.timeout(60_000);
  let service: TestService;
  let portal: ClientApplication;
  let card: SoftCard;
  let browser: CitizenBrowser;
  before(async function () {
    requireRoot(this);
    requireTools(this, [...BROWSER_PACKAGES, ...SOFT_CARD_PACKAGES]);
    service = await startTestService();
    portal = await serveClientApplication(service, 'single-page', { token_endpoint_auth_method: 'none' }, serve);
    const { certificatePem, keyPem } = service.card('valid-arabic');
    card = await createSoftCard({ certificatePem: String(certificatePem), privateKeyPem: String(keyPem) });
    browser = await launchBrowser({
      tlsRootPem: service.tlsRootPem,
      issuerCommonName: ISSUING_CA_COMMON_NAME,
      locale: 'en',
      card,
    });
  });
  after(async () => {
    await browser?.close();
    card?.remove();
    portal?.close();
    await service?.dispose();
  });

  it('signs a citizen in with a card, reads a claim, and logs out', async () => {
    const { page } = browser;
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(portal.origin.href);
    await page.click('text=Sign in');
    for (const action of ['present-card', 'consent']) await page.click(`[data-action="${action}"] button`);
    await page.waitForURL(portal.origin.href);
    await page.waitForSelector('#claims:not(:empty)');
    const claims = JSON.parse((await page.textContent('#claims')) ?? '');
    expect(claims).to.include({ given_name: 'Youssef', 'family_name#ar': 'بنعلي' });

    await page.click('text=Sign out');
    await page.click('[data-action="sign-out"] button');
    await page.waitForURL(portal.origin.href);
    expect(await page.textContent('#claims')).to.equal('');
    // The card is asked for again: the session at the service ended too.
    await page.click('text=Sign in');
    await page.waitForSelector('[data-action="present-card"]');
    expect(problems).to.deep.equal([]);
  });
});

function serve({ issuer, clientId, origin }: Registered): import('node:http').RequestListener {
  const settings = {
    authority: issuer,
    client_id: clientId,
    redirect_uri: new URL('/callback', origin).href,
    post_logout_redirect_uri: origin.href,
    scope: 'openid profile',
    loadUserInfo: true,
  };
  const script = `
    const users = new oidc.UserManager(${JSON.stringify(settings)});
    const showClaims = async () => {
      if (location.pathname === '/callback') {
        await users.signinCallback();
        return location.replace('/');
      }
      const user = await users.getUser();
      document.querySelector('#claims').textContent = user ? JSON.stringify(user.profile) : '';
    };
    document.querySelector('#in').onclick = () => users.signinRedirect();
    document.querySelector('#out').onclick = () => users.signoutRedirect();
    showClaims();
  `;
  const page = `<!doctype html><meta charset="utf-8"><title>Portal</title><link rel="icon" href="data:,">
    <button id="in">Sign in</button><button id="out">Sign out</button><pre id="claims"></pre>
    <script src="/oidc-client-ts.js"></script><script>${script}</script>`;
  return (request, response) => {
    const isLibrary = request.url === '/oidc-client-ts.js';
    response.setHeader('Content-Type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? LIBRARY : page);
  };
}
