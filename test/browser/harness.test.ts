/**
 * The browser harness proves itself: a card reaches a server that asks for one, through the browser, by each way that
 * the other browser tests use.
 */
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { createTestAuthority, issueTestCa, issueTestCard, pemOf } from '../support/authority.ts';
import {
  BROWSER_PACKAGES,
  type BrowserOptions,
  type CitizenBrowser,
  launchBrowser,
  PIN_WINDOW,
} from '../support/browser.ts';
import { type CardAskingServer, startCardAskingServer } from '../support/card-asking-server.ts';
import { DISPLAY_PACKAGES, type Display, openDisplay } from '../support/display.ts';
import {
  type CardContents,
  createPkcs12Card,
  createSoftCard,
  PKCS12_CARD_PACKAGES,
  SOFT_CARD_PACKAGES,
} from '../support/soft-card.ts';
import { requireRoot, requireTools } from '../support/tools.ts';

const ISSUER = 'Thiqa test issuing CA';

describe('browser harness', function () {
  this.timeout(60_000);
  let server: CardAskingServer;
  let contents: CardContents;
  let fingerprint: string;
  const cleanUp: (() => void | Promise<void>)[] = [];

  before(async function () {
    requireRoot(this);
    requireTools(this, [...BROWSER_PACKAGES, ...SOFT_CARD_PACKAGES, ...PKCS12_CARD_PACKAGES]);
    // The browser reads the clock of the machine.
    server = await startCardAskingServer(new Date());
    const { root, issuing } = createTestAuthority();
    const { certificate, keys } = issueTestCard(issuing);
    contents = {
      certificatePem: pemOf(certificate),
      privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      chainPem: [pemOf(issuing.certificate), pemOf(root.certificate)],
    };
    fingerprint = new X509Certificate(certificate).fingerprint256;
  });
  after(() => server?.close());
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  const launch = async (options: Omit<BrowserOptions, 'tlsRootPem'>): Promise<CitizenBrowser> => {
    const browser = await launchBrowser({ tlsRootPem: server.tlsRootPem, ...options });
    cleanUp.push(() => browser.close());
    return browser;
  };
  const seenBy = async (browser: CitizenBrowser, label: string): Promise<string | null> => {
    await browser.page.goto(server.address(label));
    return browser.page.textContent('body');
  };

  it('presents a card from a PKCS #11 token', async () => {
    const card = await createSoftCard(contents);
    cleanUp.push(() => card.remove());
    const browser = await launch({ card, issuerCommonName: ISSUER });
    expect(await seenBy(browser, 'a1')).to.equal(fingerprint);
    expect(await seenBy(browser, 'a2')).to.equal(fingerprint);
  });

  it('presents a card from a PKCS #12 file', async () => {
    const card = await createPkcs12Card(contents);
    cleanUp.push(() => card.remove());
    const browser = await launch({ card, issuerCommonName: ISSUER });
    expect(await seenBy(browser, 'b1')).to.equal(fingerprint);
  });

  it('presents no certificate when there is no card', async () => {
    const browser = await launch({ issuerCommonName: ISSUER });
    expect(await seenBy(browser, 'c1')).to.equal('none');
  });

  it('keeps two citizens apart who are there at the same time', async () => {
    const name = 'Another issuing CA';
    const issuer = issueTestCa(createTestAuthority().root, { subject: [{ type: 'commonName', value: name }] });
    const other = issueTestCard(issuer);
    const cards = [
      await createSoftCard(contents),
      await createPkcs12Card({
        certificatePem: pemOf(other.certificate),
        privateKeyPem: other.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      }),
    ];
    cleanUp.push(...cards.map((card) => () => card.remove()));
    const browsers: CitizenBrowser[] = [];
    for (const [index, issuerCommonName] of [ISSUER, name].entries()) {
      const card = cards[index];
      if (card !== undefined) browsers.push(await launch({ card, issuerCommonName }));
    }
    const seen = await Promise.all(browsers.map((browser) => seenBy(browser, 'f1')));
    expect(seen).to.deep.equal([fingerprint, new X509Certificate(other.certificate).fingerprint256]);
  });

  describe('with a display, and a card that asks for its PIN', () => {
    let display: Display;
    let browser: CitizenBrowser;

    before(async function () {
      requireTools(this, DISPLAY_PACKAGES);
      display = await openDisplay();
    });
    after(() => display?.close());
    beforeEach(async () => {
      const card = await createSoftCard(contents, { asksForPin: true });
      cleanUp.push(() => card.remove());
      browser = await launch({ card, issuerCommonName: ISSUER, display });
    });

    it('presents the card after the right PIN', async () => {
      const seen = seenBy(browser, 'd1');
      await display.waitForWindow(PIN_WINDOW);
      await display.type('1234');
      await display.press('Return');
      expect(await seen).to.equal(fingerprint);
    });

    it('presents no certificate after a cancelled PIN, asks no more under the same name, and asks again under a new one', async () => {
      const cancelled = seenBy(browser, 'e1');
      await display.waitForWindow(PIN_WINDOW);
      await display.press('Escape');
      expect(await cancelled).to.equal('none');
      expect(await seenBy(browser, 'e1')).to.equal('none');

      const again = seenBy(browser, 'e2');
      await display.waitForWindow(PIN_WINDOW);
      await display.type('1234');
      await display.press('Return');
      expect(await again).to.equal(fingerprint);
    });
  });
});
