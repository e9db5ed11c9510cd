/**
 * One Chromium for one citizen: its own HOME, so its own certificate store, cookies and card. An unlocked token stays
 * unlocked across the contexts of one browser, so two citizens are two browsers.
 *
 *     const browser = await launchBrowser({ card, tlsRootPem, issuerCommonName });
 *     await browser.page.goto(`https://${label}.card.localhost:${port}/`);
 *     await browser.close();
 *
 * Without `card` the browser answers a request for a certificate with none: on the wire the same as a person who cancels.
 * A person who truly cancels, or types a PIN, needs a `display`; without one the browser waits for ever for an answer to a
 * window that nobody sees. The same befalls a usable card that `issuerCommonName` does not name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { createCertificateStore } from './certificate-store.ts';
import type { Display } from './display.ts';
import { selectCardsOf } from './selection-policy.ts';
import type { Card } from './soft-card.ts';
import { findProgram, type PackageName } from './tools.ts';

export const BROWSER_PACKAGES: readonly PackageName[] = ['chromium', 'libnss3-tools'];

/** Title of Chromium's window for the PIN of a token, in English. */
export const PIN_WINDOW = 'Unlock Security Device';

export interface BrowserOptions {
  readonly tlsRootPem: string;
  readonly card?: Card;
  /** Cards of this CA are presented without a question; when absent, the browser asks, which needs a display. */
  readonly issuerCommonName?: string;
  /** Where the browser shows its window; without one it has none. */
  readonly display?: Display;
  /** `Accept-Language`, such as `ar` or `fr-MA`. */
  readonly locale?: string;
  readonly javaScriptEnabled?: boolean;
}

export interface CitizenBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  close(): Promise<void>;
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(options: BrowserOptions): Promise<CitizenBrowser> {
  const executablePath = findProgram('chromium');
  if (executablePath === undefined) throw new TypeError('chromium is not installed');
  const home = mkdtempSync(join(tmpdir(), 'thiqa-browser-'));
  let release = (): void => undefined;
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    await context?.close();
    release();
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const environment = await createCertificateStore(home, { tlsRootPem: options.tlsRootPem, card: options.card });
    // The policy must stand before the browser starts.
    if (options.issuerCommonName !== undefined) release = selectCardsOf(options.issuerCommonName);
    context = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath,
      headless: options.display === undefined,
      args: FLAGS,
      env: { ...process.env, ...environment, ...(options.display && { DISPLAY: options.display.name }) },
      ...(options.locale !== undefined && { locale: options.locale }),
      ...(options.javaScriptEnabled !== undefined && { javaScriptEnabled: options.javaScriptEnabled }),
    });
    const page = context.pages()[0] ?? (await context.newPage());
    return { context, page, close };
  } catch (error) {
    await close();
    throw error;
  }
}
