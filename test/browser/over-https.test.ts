/**
 * As OpenID's suite is run by hand (docs/conformance.md): a real browser with a card, and the service over https. What only
 * a browser decides: whether it follows each redirect and each form under our policies, and keeps the cookies.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ISSUING_CA_COMMON_NAME, PKCS12_PASSWORD } from '../../src/demo/cards.ts';
import { BASIC_PLAN } from '../conformance/basic-plan.ts';
import { FapiPortal } from '../conformance/fapi2-plan.ts';
import { BROWSER_PACKAGES, type CitizenBrowser, launchBrowser } from '../support/browser.ts';
import { type HttpsService, startHttpsService } from '../support/https-service.ts';
import { registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { PKCS12_CARD_PACKAGES, pkcs12CardFromFile } from '../support/soft-card.ts';
import { requireRoot, requireTools } from '../support/tools.ts';

type Arrival = { readonly method: string | undefined; readonly parameters: URLSearchParams };

describe('a browser with a card, over https', function () {
  this.timeout(60_000);
  let service: HttpsService;
  let portalServer: Server;
  let addresses: { readonly callback: string; readonly signedOut: string };
  let browser: CitizenBrowser;
  let portal: TestRelyingParty;
  /** The last request that came to the portal. */
  let arrival: Arrival | undefined;

  before(async function () {
    requireRoot(this);
    requireTools(this, [...BROWSER_PACKAGES, ...PKCS12_CARD_PACKAGES]);
    service = await startHttpsService(() => ({ sandbox: { virtualCards: true } }));
    const { tlsServer, cards } = service.demonstration;
    const [cert, key] = [readFileSync(tlsServer.certificatePath), readFileSync(tlsServer.keyPath)];
    portalServer = createServer({ cert, key }, async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const url = new URL(request.url ?? '', 'https://localhost');
      if (url.pathname.startsWith('/a/')) {
        const posted = Buffer.concat(parts).toString('utf8');
        arrival = { method: request.method, parameters: posted ? new URLSearchParams(posted) : url.searchParams };
      }
      response.setHeader('Content-Type', 'text/html');
      response.end('<!DOCTYPE html><title>Portal</title><body data-page="portal">');
    });
    portalServer.listen(0, '127.0.0.1');
    await once(portalServer, 'listening');
    const { port } = portalServer.address() as AddressInfo; // a TCP server's address is an object
    addresses = {
      callback: `https://localhost:${port}/a/callback`,
      signedOut: `https://localhost:${port}/a/signed-out`,
    };
    portal = await registerRelyingParty(service, {
      registration: {
        ...BASIC_PLAN,
        ...atPortal(),
        post_logout_redirect_uris: [addresses.signedOut],
      },
    });
    const card = cards.find(({ id }) => id === 'valid')?.pkcs12Path ?? '';
    browser = await launchBrowser({
      tlsRootPem: service.tlsRootPem,
      card: pkcs12CardFromFile(card, PKCS12_PASSWORD),
      issuerCommonName: ISSUING_CA_COMMON_NAME,
      locale: 'en',
    });
  });
  after(async () => {
    await browser?.close();
    portalServer?.closeAllConnections();
    portalServer?.close();
    await service?.dispose();
  });

  const atPortal = () => ({ sector: 'localhost', redirect_uris: [addresses.callback] });

  /** Goes to the address and presses whatever a citizen presses who agrees. @returns the pages that asked */
  async function go(
    endpoint: URL,
    parameters: Readonly<Record<string, string>>,
  ): Promise<{ readonly pages: readonly string[]; readonly arrival: Arrival }> {
    const { page } = browser;
    arrival = undefined;
    const pages: string[] = [];
    await page.goto(`${endpoint.href}?${new URLSearchParams(parameters)}`);
    for (;;) {
      const name = (await page.getAttribute('body', 'data-page')) ?? 'none';
      if (name === 'portal' && arrival !== undefined) return { pages, arrival };
      if (!['present-card', 'consent', 'sign-out'].includes(name) || pages.includes(name)) {
        return expect.fail(`the browser stopped at ${page.url()} after ${pages}: ${name}`);
      }
      pages.push(name);
      await page.click(`[data-action="${name}"] button, a[data-action="${name}"]`);
    }
  }
  const authorize = (changes: Readonly<Record<string, string>> = {}) =>
    go(
      portal.endpoint('authorization'),
      portal.requestParameters({ redirect_uri: addresses.callback, scope: 'openid profile', ...changes }),
    );
  const codeOf = ({ parameters }: Arrival): string => parameters.get('code') ?? expect.fail(String(parameters));

  it('signs in, and later without a page, by a form that posts itself, and with the card again', async () => {
    const first = await authorize();
    expect(first.pages).to.deep.equal(['present-card', 'consent']);
    const { body } = await portal.redeem(codeOf(first.arrival), { redirect_uri: addresses.callback });
    expect((await portal.userinfo(String(body.access_token))).body).to.include({ given_name: 'Fatima Zahra' });

    const silent = await authorize({ prompt: 'none' });
    expect(silent.pages).to.deep.equal([]);
    codeOf(silent.arrival);
    const posted = await authorize({ response_mode: 'form_post' });
    expect([posted.pages.length, posted.arrival.method]).to.deep.equal([0, 'POST']);
    codeOf(posted.arrival);
    const again = await authorize({ prompt: 'login' });
    expect(again.pages).to.deep.equal(['present-card']);
    codeOf(again.arrival);
  });

  it('signs in to a portal of FAPI 2.0, whose pushed request and proof name https addresses', async () => {
    const fapi = await FapiPortal.register(service, atPortal());
    const { pushed, pkce } = await fapi.pushPlain({ redirect_uri: addresses.callback, scope: 'openid profile' });
    const { arrival: answer } = await go(fapi.portal.endpoint('authorization'), {
      client_id: fapi.portal.clientId,
      request_uri: String(pushed.body.request_uri),
    });
    const { status, body } = await fapi.redeemWith(codeOf(answer), {
      code_verifier: pkce.verifier,
      redirect_uri: addresses.callback,
    });
    expect([status, body.token_type]).to.deep.equal([200, 'DPoP']);
    expect((await fapi.userinfo(String(body.access_token))).body).to.include({ given_name: 'Fatima Zahra' });
  });

  it('signs out, asked first, and is signed in no more', async () => {
    const { arrival: signedIn } = await authorize();
    const { body } = await portal.redeem(codeOf(signedIn), { redirect_uri: addresses.callback });
    const { pages, arrival: out } = await go(portal.endpoint('end_session'), {
      id_token_hint: String(body.id_token),
      post_logout_redirect_uri: addresses.signedOut,
      state: 'after',
    });
    expect([pages, String(out.parameters)]).to.deep.equal([['sign-out'], 'state=after']);
    const { arrival: silent } = await authorize({ prompt: 'none' });
    expect(silent.parameters.get('error')).to.equal('login_required');
  });
});
