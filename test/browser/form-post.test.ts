/**
 * OAuth 2.0 Form Post Response Mode in a real browser: the page that posts itself runs its script and reaches the portal
 * under the policy of the service, which allows just that.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ISSUING_CA_COMMON_NAME } from '../../src/demo/cards.ts';
import { BROWSER_PACKAGES, type CitizenBrowser, launchBrowser } from '../support/browser.ts';
import { proofKey, registerRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { createSoftCard, SOFT_CARD_PACKAGES, type SoftCard } from '../support/soft-card.ts';
import { requireRoot, requireTools } from '../support/tools.ts';

describe('the form post response mode in a browser', function () {
  this.timeout(60_000);
  let service: TestService;
  let card: SoftCard;
  let browser: CitizenBrowser;
  let portalServer: Server;
  before(async function () {
    requireRoot(this);
    requireTools(this, [...BROWSER_PACKAGES, ...SOFT_CARD_PACKAGES]);
    service = await startTestService();
    const { certificatePem, keyPem } = service.card('valid');
    card = await createSoftCard({ certificatePem: String(certificatePem), privateKeyPem: String(keyPem) });
    browser = await launchBrowser({
      tlsRootPem: service.tlsRootPem,
      issuerCommonName: ISSUING_CA_COMMON_NAME,
      locale: 'en',
      card,
    });
    // It shows what it was sent.
    portalServer = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(JSON.stringify({ method: request.method, body }));
    });
    await new Promise<void>((resolve) => portalServer.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    await browser?.close();
    card?.remove();
    portalServer?.closeAllConnections();
    portalServer?.close();
    await service?.dispose();
  });

  it('posts code, state and issuer to the portal by itself', async () => {
    const { port } = portalServer.address() as AddressInfo; // a TCP server that listens has this form
    const redirect_uri = `http://localhost:${port}/callback`;
    const portal = await registerRelyingParty(service, { registration: { redirect_uris: [redirect_uri] } });
    const changes = { response_mode: 'form_post', redirect_uri, ...proofKey().parameters };
    const parameters = portal.requestParameters(changes);
    const { page } = browser;
    await page.goto(`${portal.endpoint('authorization')}?${new URLSearchParams(parameters)}`);
    for (const action of ['present-card', 'consent']) await page.click(`[data-action="${action}"] button`);
    await page.waitForURL(redirect_uri);
    const { method, body } = JSON.parse((await page.textContent('body')) ?? '');
    expect(method).to.equal('POST');
    const sent = new URLSearchParams(body);
    expect(sent.get('code')).to.match(/^[\w-]{43}$/);
    expect(sent.get('state')).to.equal(parameters.state);
    expect(sent.get('iss')).to.equal(service.issuer);
  });
});
