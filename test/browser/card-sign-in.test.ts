/**
 * A citizen in a real browser, with a card behind PKCS #11, signs in to the portal; others are refused or turn back.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { ISSUING_CA_COMMON_NAME, PKCS12_PASSWORD } from '../../src/demo/cards.ts';
import { BROWSER_PACKAGES, type BrowserOptions, launchBrowser, PIN_WINDOW } from '../support/browser.ts';
import { DISPLAY_PACKAGES, openDisplay } from '../support/display.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Card, createSoftCard, pkcs12CardFromFile, SOFT_CARD_PACKAGES } from '../support/soft-card.ts';
import { requireRoot, requireTools } from '../support/tools.ts';

describe('a citizen in a browser', function () {
  this.timeout(60_000);
  let service: TestService;
  const cleanUp: (() => void | Promise<void>)[] = [];

  before(async function () {
    requireRoot(this);
    requireTools(this, [...BROWSER_PACKAGES, ...SOFT_CARD_PACKAGES]);
    service = await startTestService();
  });
  after(() => service?.dispose());
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  const open = async (options: Omit<BrowserOptions, 'tlsRootPem'> = {}): Promise<Page> => {
    const browser = await launchBrowser({
      tlsRootPem: service.tlsRootPem,
      issuerCommonName: ISSUING_CA_COMMON_NAME,
      locale: 'en',
      ...options,
    });
    cleanUp.push(() => browser.close());
    return browser.page;
  };
  const token = async (id: CardId, options: { asksForPin: boolean } = { asksForPin: false }): Promise<Card> => {
    const { certificatePem, keyPem } = service.card(id);
    const card = await createSoftCard(
      { certificatePem: String(certificatePem), privateKeyPem: String(keyPem) },
      options,
    );
    cleanUp.push(() => card.remove());
    return card;
  };
  const begin = async (page: Page): Promise<void> => {
    await page.goto(new URL('/login', service.portal).href);
  };
  const press = async (page: Page, action: string): Promise<void> => {
    await page.click(`[data-action="${action}"] button, a[data-action="${action}"]`);
  };
  const code = (page: Page): Promise<string | null> => page.getAttribute('body', 'data-code');

  it('signs in with a card behind PKCS #11 and sees the claims at the portal', async () => {
    const page = await open({ card: await token('valid-arabic') });
    await begin(page);
    await press(page, 'present-card');
    expect(await page.getAttribute('body', 'data-page')).to.equal('consent');
    expect(await page.textContent('[data-claim="family_name"]'))
      .to.include('Benali')
      .and.to.include('بنعلي');
    await press(page, 'consent');
    await page.waitForURL(service.portal.href);
    expect(await page.textContent('main'))
      .to.include('Youssef')
      .and.to.include('يوسف');
    const me = await page.goto(new URL('/me', service.portal).href);
    expect(await me?.json()).to.include({ given_name: 'Youssef', acr: 'http://eidas.europa.eu/LoA/low' });
  });

  it('signs in with a card from a PKCS #12 file, without JavaScript, in Arabic', async () => {
    const file = service.demonstration.cards.find(({ id }) => id === 'valid')?.pkcs12Path ?? '';
    expect(readFileSync(file).length).to.be.greaterThan(500);
    const page = await open({
      card: pkcs12CardFromFile(file, PKCS12_PASSWORD),
      locale: 'ar',
      javaScriptEnabled: false,
    });
    await begin(page);
    expect(await page.getAttribute('html', 'dir')).to.equal('rtl');
    await press(page, 'present-card');
    await press(page, 'consent');
    expect(page.url()).to.equal(service.portal.href);
    expect(await page.textContent('main')).to.include('Fatima Zahra');
  });

  it('is refused with a revoked card, on a page that says so, and goes back to the portal', async () => {
    const page = await open({ card: await token('revoked') });
    await begin(page);
    await press(page, 'present-card');
    expect(await code(page)).to.equal('CERT_REVOKED');
    await press(page, 'cancel');
    expect(new URL(page.url()).origin).to.equal(service.portal.origin);
    expect(await page.getAttribute('body', 'data-error')).to.equal('access_denied');
  });

  it('is told that no card was presented, and can try again', async () => {
    const page = await open();
    await begin(page);
    await press(page, 'present-card');
    expect(await code(page)).to.equal('CARD_NOT_PRESENTED');
    await press(page, 'try-again');
    expect(await page.getAttribute('body', 'data-page')).to.equal('present-card');
  });

  for (const language of ['ar', 'zgh-MA']) {
    it(`loads every style sheet and font of the page in ${language} under its policy`, async () => {
      const page = await open({ locale: language });
      const violations: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') violations.push(message.text());
      });
      await begin(page);
      await page.evaluate('document.fonts.ready');
      expect(violations).to.deep.equal([]);
      expect(await page.getAttribute('html', 'lang')).to.equal(language.split('-')[0]);
      expect(
        await page.evaluate(
          "[...new Set([...document.fonts].filter((font) => font.status === 'loaded').map((font) => font.family.replaceAll('\"', '')))].sort().join(', ')",
        ),
        // All three on each page: the switch names every language in its own letters.
      ).to.equal('Noto Sans, Noto Sans Arabic, Noto Sans Tifinagh');
    });
  }

  it('cancels the PIN, is told so, and signs in with the right PIN at the next attempt', async function () {
    requireTools(this, DISPLAY_PACKAGES);
    const display = await openDisplay();
    cleanUp.push(() => display.close());
    const page = await open({ card: await token('valid', { asksForPin: true }), display });
    await begin(page);
    const cancelled = press(page, 'present-card');
    await display.waitForWindow(PIN_WINDOW);
    await display.press('Escape');
    await cancelled;
    await page.waitForSelector('body[data-code="CARD_NOT_PRESENTED"]');

    await press(page, 'try-again');
    const presented = press(page, 'present-card');
    await display.waitForWindow(PIN_WINDOW);
    await display.type('1234');
    await display.press('Return');
    await presented;
    // Consent was given in a test before, or is asked for now.
    await page.waitForSelector('body[data-page="consent"], h1:has-text("signed in"), main:has-text("Fatima")');
    expect(await page.textContent('main')).to.include('Fatima');
  });
});
