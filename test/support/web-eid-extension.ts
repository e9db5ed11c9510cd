/**
 * Stands where the browser extension would, with a card behind PKCS #11, or with an answer of the test's choice. The
 * page sees the extension's messages and nothing else. Install it before the page is opened.
 */
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import type { SoftCard } from './soft-card.ts';
import type { PackageName } from './tools.ts';

export const EXTENSION_CARD_PACKAGES: readonly PackageName[] = ['opensc'];

/** What an action ends with: what belongs into the success message, or a code of the extension. */
export type ExtensionAnswer = { readonly content: object } | { readonly code: string };

export interface ExtensionBehaviour {
  readonly status?: () => Promise<ExtensionAnswer>;
  readonly authenticate?: (origin: string, nonce: string) => Promise<ExtensionAnswer>;
}

const INSTALLED = { library: '2.0.2', extension: '2.2.1', nativeApp: '2.5.0' };

/** In the page; it knows of the test only the function that is exposed to it. */
const CONTENT_SCRIPT = `
window.addEventListener('message', async ({ source, origin, data }) => {
  const action = /^web-eid:(status|authenticate)$/.exec(data?.action)?.[1];
  if (source !== window || origin !== location.origin || action === undefined) return;
  const post = (message) => window.postMessage(message, origin);
  post({ action: data.action + '-ack' });
  const { content, code } = await window.answerOfExtension(action, origin, data.challengeNonce ?? '');
  if (code === undefined) post({ action: data.action + '-success', ...content });
  else post({ action: data.action + '-failure', error: { code, message: 'of the test' } });
});
`;

export async function installExtension(page: Page, behaviour: ExtensionBehaviour): Promise<void> {
  const status = behaviour.status ?? (async () => ({ content: INSTALLED }));
  const authenticate = behaviour.authenticate ?? (async () => ({ code: 'ERR_WEBEID_USER_CANCELLED' }));
  await page.exposeFunction('answerOfExtension', (action: string, origin: string, nonce: string) =>
    action === 'status' ? status() : authenticate(origin, nonce),
  );
  await page.addInitScript(CONTENT_SCRIPT);
}

/** Signs as the Web eID application does, with the key that stays on the token. */
export function authenticateWithCard(card: SoftCard, certificatePem: string): ExtensionBehaviour['authenticate'] {
  const run = promisify(execFile);
  return async (origin, nonce) => {
    const hashes = [origin, nonce].map((text) => createHash('sha256').update(text).digest());
    const folder = mkdtempSync(join(tmpdir(), 'thiqa-signature-'));
    const [input, output] = [join(folder, 'digest'), join(folder, 'signature')];
    try {
      // CKM_ECDSA signs a digest, and gives r || s (PKCS #11 3.0, 2.3.1).
      writeFileSync(input, createHash('sha256').update(Buffer.concat(hashes)).digest());
      await run(
        'pkcs11-tool',
        ['--module', card.module, '--token-label', 'CARD', '--login', '--pin', card.pin, '--id', '05'].concat(
          ['--sign', '--mechanism', 'ECDSA', '--signature-format', 'rs', '--input-file', input],
          ['--output-file', output],
        ),
        { env: { ...process.env, SOFTHSM2_CONF: card.configurationFile } },
      );
      return {
        content: {
          unverifiedCertificate: new X509Certificate(certificatePem).raw.toString('base64'),
          algorithm: 'ES256',
          signature: readFileSync(output).toString('base64'),
          format: 'web-eid:1.0',
          appVersion: 'https://web-eid.eu/web-eid-app/releases/2.5.0+0',
        },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}
