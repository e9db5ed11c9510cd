/**
 * The managed policy that lets Chromium present a card without asking which: AutoSelectCertificateForUrls. Written as
 * root only.
 *
 * Every browser of this machine reads every file of the folder, and of two values of one policy it takes one, unless the
 * policy is named for merging. So each file names it: browsers of several citizens, and of several test runs, live
 * beside one another. Each has only its own card, and a rule for the card of another matches nothing in it.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/etc/chromium/policies/managed';

/** Any label under it and any port. */
const URL_PATTERN = 'https://[*.]card.localhost';

const files = new Set<string>();

/**
 * From now on, cards whose issuer has this common name are presented to `https://*.card.localhost`.
 * @returns to be called when the browser has closed
 */
export function selectCardsOf(issuerCommonName: string): () => void {
  const rule = { pattern: URL_PATTERN, filter: { ISSUER: { CN: issuerCommonName } } };
  const policies = {
    AutoSelectCertificateForUrls: [JSON.stringify(rule)],
    PolicyListMultipleSourceMergeList: ['AutoSelectCertificateForUrls'],
  };
  const file = join(FOLDER, `thiqa-test-${randomUUID()}.json`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, JSON.stringify(policies), { mode: 0o644 });
  files.add(file);
  return () => remove(file);
}

function remove(file: string): void {
  rmSync(file, { force: true });
  files.delete(file);
}

// A run that is interrupted must not leave a policy behind for the person's own browser.
process.once('exit', () => files.forEach(remove));
