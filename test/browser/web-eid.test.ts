/**
 * A citizen in a real browser signs in through Web eID: with a card behind PKCS #11, where a script of the test stands for
 * the extension, and with a virtual card of the demonstration. Others are told in words why not.
 */
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { VIRTUAL_CARD_PIN } from '../../src/demo/virtual-card/encrypted-key.ts';
import { signWebEidToken } from '../../src/demo/web-eid-token.ts';
import { LOCALES, localeOf } from '../../src/http/localization.ts';
import { BROWSER_PACKAGES, type BrowserOptions, type CitizenBrowser, launchBrowser } from '../support/browser.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { createSoftCard, SOFT_CARD_PACKAGES } from '../support/soft-card.ts';
import { requireTools } from '../support/tools.ts';
import {
  authenticateWithCard,
  EXTENSION_CARD_PACKAGES,
  type ExtensionAnswer,
  type ExtensionBehaviour,
  installExtension,
} from '../support/web-eid-extension.ts';

const { t } = localeOf('en');

describe('a citizen in a browser, through Web eID', function () {
  this.timeout(60_000);
  let service: TestService;
  const cleanUp: (() => void | Promise<void>)[] = [];

  before(async function () {
    requireTools(this, BROWSER_PACKAGES);
    service = await startTestService();
  });
  after(() => service?.dispose());
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  /** With what the browser complained of: a script or a style that the page's policy refused is among it. */
  const open = async (
    options: Omit<BrowserOptions, 'tlsRootPem'> = {},
  ): Promise<CitizenBrowser & { readonly complaints: readonly string[] }> => {
    const browser = await launchBrowser({ tlsRootPem: service.tlsRootPem, locale: 'en', ...options });
    cleanUp.push(() => browser.close());
    const complaints: string[] = [];
    browser.page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    browser.page.on('pageerror', (error) => complaints.push(error.message));
    return { ...browser, complaints };
  };
  /** Without the virtual cards: as on every service that is no sandbox. */
  const withoutVirtualCards = async (page: Page): Promise<void> => {
    await page.route('**/sandbox/**', (route) => route.abort());
  };
  const begin = async (page: Page): Promise<void> => {
    await page.goto(new URL('/login', service.portal).href);
  };
  const press = async (page: Page, action: string): Promise<void> => {
    await page.click(`[data-action="${action}"] button, a[data-action="${action}"]`);
  };
  const code = (page: Page): Promise<string | null> => page.getAttribute('body', 'data-code');
  const told = (page: Page, text: string): Promise<unknown> =>
    page.waitForSelector(`[data-progress]:has-text(${JSON.stringify(text)})`);
  const isSignedIn = async (page: Page, name: string): Promise<void> => {
    await page.waitForSelector(`body[data-page="consent"], main:has-text("${name}")`);
    if ((await page.getAttribute('body', 'data-page')) === 'consent') await press(page, 'consent');
    await page.waitForURL(service.portal.href);
    expect(await page.textContent('main')).to.include(name);
  };

  describe('with a virtual card', () => {
    const choose = async (page: Page, id: CardId): Promise<void> => {
      await page.click(`[data-card="${id}"]`);
    };
    const typePin = async (page: Page, pin: string): Promise<void> => {
      await page.fill('#reader-pin', pin);
      await page.keyboard.press('Enter');
    };

    for (const { language, direction } of LOCALES) {
      it(`signs in to the portal, in ${language}, under the policy of the page`, async () => {
        const { page, complaints } = await open({ locale: language });
        await begin(page);
        expect(await page.getAttribute('html', 'dir')).to.equal(direction);
        await press(page, 'web-eid');
        expect(await page.textContent('#reader-title')).to.equal(localeOf(language).t('virtual-card.reader'));
        await choose(page, 'valid-arabic');
        await typePin(page, VIRTUAL_CARD_PIN);
        await isSignedIn(page, 'يوسف');
        expect(complaints).to.deep.equal([]);
      });
    }

    it('works by the keyboard alone; the focus stays in the window, and returns to the button', async () => {
      const { page } = await open();
      await begin(page);
      await page.focus('[data-action="web-eid"] button');
      await page.keyboard.press('Enter');
      await page.waitForSelector('dialog[open]');
      for (let step = 0; step < 15; step++) {
        const focused = await page.evaluate("document.activeElement.closest('dialog, body').tagName");
        // After its last element a modal window gives the focus to the browser's own frame, never to the page behind.
        if (focused === 'BODY') expect(await page.evaluate('document.activeElement === document.body')).to.equal(true);
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Escape');
      await told(page, t('web-eid.error.cancelled'));
      expect(await page.evaluate("document.activeElement.closest('form').dataset.action")).to.equal('web-eid');
    });

    it('is refused when the card is revoked, and can try again', async () => {
      const { page } = await open();
      await begin(page);
      await press(page, 'web-eid');
      await choose(page, 'revoked');
      await typePin(page, VIRTUAL_CARD_PIN);
      await page.waitForSelector('body[data-code="CERT_REVOKED"]');
      await press(page, 'try-again');
      expect(await page.getAttribute('body', 'data-page')).to.equal('present-card');
    });

    it('has three tries for the PIN; then the card is blocked for the life of the page, and another is not', async () => {
      const { page } = await open();
      await begin(page);
      await press(page, 'web-eid');
      await choose(page, 'valid');
      await typePin(page, '0000');
      await page.waitForSelector(`[data-problem]:has-text("${t('virtual-card.two-tries-left')}")`);
      await typePin(page, '1111');
      await page.waitForSelector(`[data-problem]:has-text("${t('virtual-card.one-try-left')}")`);
      await typePin(page, '2222');
      await page.waitForSelector(`[role="alert"]:has-text("${t('virtual-card.blocked')}")`);
      expect(await page.isDisabled('[data-card="valid"]')).to.equal(true);

      await page.keyboard.press('Escape');
      await told(page, t('web-eid.error.cancelled'));
      await press(page, 'web-eid');
      await page.waitForSelector('dialog[open]');
      expect(await page.isDisabled('[data-card="valid"]')).to.equal(true);
      await choose(page, 'valid-arabic');
      await typePin(page, VIRTUAL_CARD_PIN);
      await isSignedIn(page, 'Youssef');
    });

    it('is told when the PIN was not typed in time', async () => {
      const { page } = await open();
      await page.clock.install();
      await begin(page);
      await press(page, 'web-eid');
      await choose(page, 'valid');
      await page.clock.fastForward(121_000);
      await told(page, t('web-eid.error.timed-out'));
      expect(await page.isVisible('dialog')).to.equal(false);
    });

    it('signs in from two tabs at once', async () => {
      const { context, page } = await open();
      const other = await context.newPage();
      const pages = [page, other];
      for (const tab of pages) await begin(tab);
      for (const tab of pages) await press(tab, 'web-eid');
      for (const tab of pages) await choose(tab, 'valid-arabic');
      for (const tab of pages) {
        // A tab behind another one draws nothing, and so is never seen to change.
        await tab.bringToFront();
        await typePin(tab, VIRTUAL_CARD_PIN);
        await isSignedIn(tab, 'Youssef');
      }
    });

    it('says on the page that it is a demonstration', async () => {
      const { page } = await open();
      await begin(page);
      expect(await page.textContent('.sandbox')).to.equal(t('sandbox.banner'));
    });
  });

  describe('with the extension', () => {
    const openWith = async (behaviour: ExtensionBehaviour | undefined, options?: { readonly clock: boolean }) => {
      const opened = await open();
      if (options?.clock) await opened.page.clock.install();
      await withoutVirtualCards(opened.page);
      if (behaviour !== undefined) await installExtension(opened.page, behaviour);
      await begin(opened.page);
      return opened;
    };
    const token = (origin: string, nonce: string): ExtensionAnswer => ({
      content: signWebEidToken(service.card('valid-arabic'), origin, nonce),
    });

    it('signs in with a card behind PKCS #11', async function () {
      requireTools(this, [...SOFT_CARD_PACKAGES, ...EXTENSION_CARD_PACKAGES]);
      const { certificatePem, keyPem } = service.card('valid-arabic');
      const contents = { certificatePem: String(certificatePem), privateKeyPem: String(keyPem) };
      const card = await createSoftCard(contents, { asksForPin: true });
      cleanUp.push(() => card.remove());
      const authenticate = authenticateWithCard(card, contents.certificatePem);
      const { page } = await openWith({ ...(authenticate && { authenticate }) });
      await press(page, 'web-eid');
      await isSignedIn(page, 'Youssef');
    });

    it('is told how to install it when nothing answers within a second', async () => {
      const { page } = await openWith(undefined);
      await press(page, 'web-eid');
      await told(page, t('web-eid.error.not-installed'));
      await told(page, 'ERR_WEBEID_EXTENSION_UNAVAILABLE');
      expect(await page.getAttribute('[data-progress] a', 'href')).to.equal('https://web-eid.eu/');
    });

    for (const [failure, message] of [
      ['ERR_WEBEID_NATIVE_UNAVAILABLE', 'web-eid.error.application-unavailable'],
      ['ERR_WEBEID_VERSION_MISMATCH', 'web-eid.error.version'],
      ['ERR_WEBEID_VERSION_INVALID', 'web-eid.error.version'],
    ] as const) {
      it(`reads about ${failure} of the status in words`, async () => {
        const { page } = await openWith({ status: async () => ({ code: failure }) });
        await press(page, 'web-eid');
        await told(page, t(message));
      });
    }

    for (const [failure, message] of [
      ['ERR_WEBEID_USER_CANCELLED', 'web-eid.error.cancelled'],
      ['ERR_WEBEID_USER_TIMEOUT', 'web-eid.error.timed-out'],
      ['ERR_WEBEID_CONTEXT_INSECURE', 'web-eid.error.insecure'],
      ['ERR_WEBEID_ACTION_PENDING', 'web-eid.error.pending'],
      ['ERR_WEBEID_NATIVE_FATAL', 'web-eid.error.failed'],
      ['toString', 'web-eid.error.failed'],
    ] as const) {
      it(`reads about ${failure} in words, and can try again at once`, async () => {
        const answers: ExtensionAnswer[] = [{ code: failure }];
        const { page } = await openWith({
          authenticate: async (origin, nonce) => answers.shift() ?? token(origin, nonce),
        });
        await press(page, 'web-eid');
        await told(page, t(message));
        await press(page, 'web-eid');
        await isSignedIn(page, 'Youssef');
      });
    }

    it('is told when the sign-in has ended meanwhile', async () => {
      const { context, page } = await openWith({});
      await context.clearCookies();
      await press(page, 'web-eid');
      await told(page, t('web-eid.error.not-begun'));
    });

    it('is told when it does not answer in time, and its late answer is not heard', async () => {
      let release = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { page } = await openWith(
        {
          authenticate: async (origin, nonce) => {
            await late;
            return token(origin, nonce);
          },
        },
        { clock: true },
      );
      await press(page, 'web-eid');
      await told(page, t('web-eid.waiting'));
      await page.clock.fastForward(131_000);
      await told(page, t('web-eid.error.no-answer'));
      const heard = page.evaluate(
        "new Promise((resolve) => addEventListener('message', ({ data }) => data.action === 'web-eid:authenticate-success' && resolve('late')))",
      );
      release();
      expect(await heard).to.equal('late');
      expect(await page.getAttribute('body', 'data-page')).to.equal('present-card');
      await told(page, t('web-eid.error.no-answer'));
    });

    for (const [what, source, origin, message] of [
      ['hears a message of its own window', 'window', 'location.origin', 'web-eid.error.cancelled'],
      ['hears no message of another window', 'frame.contentWindow', 'location.origin', 'web-eid.error.not-installed'],
      ['hears no message of another origin', 'window', "'https://evil.example'", 'web-eid.error.not-installed'],
    ] as const) {
      it(what, async () => {
        const { page } = await openWith(undefined);
        await page.evaluate(`{
          const frame = document.body.appendChild(document.createElement('iframe'));
          window.forge = (data) => dispatchEvent(new MessageEvent('message', { data, source: ${source}, origin: ${origin} }));
          addEventListener('message', ({ data, isTrusted }) => {
            if (isTrusted && data.action === 'web-eid:status')
              forge({ action: 'web-eid:status-failure', error: { code: 'ERR_WEBEID_USER_CANCELLED' } });
          });
        }`);
        await press(page, 'web-eid');
        await told(page, t(message));
      });
    }
  });

  it('finds the other way alone where no script runs', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await begin(page);
    expect(await page.isVisible('[data-action="web-eid"]')).to.equal(false);
    expect(await page.isVisible('[data-action="present-card"]')).to.equal(true);
    expect(await code(page)).to.equal(null);
  });

  it('is never shown the page in a frame of another one', async () => {
    const { page } = await open();
    await begin(page);
    const address = page.url();
    await page.goto(service.portal.href);
    const framed = await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = () => {
        try { resolve(frame.contentDocument?.body.innerHTML ?? 'refused'); } catch { resolve('refused'); }
      };
      frame.src = ${JSON.stringify(address)};
      document.body.append(frame);
    })`);
    expect(framed).to.equal('refused');
    expect(page.frames().some((frame) => frame.url().startsWith(service.issuer))).to.equal(false);
  });
});
