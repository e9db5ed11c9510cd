/**
 * The NSS certificate store of one browser: `.pki/nssdb` under its HOME. Chromium on Linux reads from it which roots it
 * trusts and which cards it can use.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Card } from './soft-card.ts';

const run = promisify(execFile);

export interface StoreContents {
  /** PEM of the root that vouches for the servers of the test. */
  readonly tlsRootPem: string;
  readonly card: Card | undefined;
}

/** @returns the environment that the browser must have to see the store and the card */
export async function createCertificateStore(home: string, { tlsRootPem, card }: StoreContents) {
  const folder = join(home, '.pki', 'nssdb');
  const store = `sql:${folder}`;
  mkdirSync(folder, { recursive: true });
  const rootFile = join(home, 'tls-root.pem');
  writeFileSync(rootFile, tlsRootPem);
  const env: Record<string, string> = { HOME: home };
  if (card?.kind === 'pkcs11') env.SOFTHSM2_CONF = card.configurationFile;
  const options = { env: { ...process.env, ...env } };

  await run('certutil', ['-d', store, '-N', '--empty-password'], options);
  await run('certutil', ['-d', store, '-A', '-t', 'C,,', '-n', 'tls-root', '-i', rootFile], options);
  if (card?.kind === 'pkcs12') {
    await run('pk12util', ['-d', store, '-i', card.file, '-W', card.password], options);
  }
  if (card?.kind === 'pkcs11') {
    // FRIENDLY: certificates are listed before a login. Recorded for each slot, so the token must exist by now.
    const module = ['-add', 'card', '-libfile', card.module, '-mechanisms', 'FRIENDLY', '-force'];
    await run('modutil', ['-dbdir', store, ...module], options);
  }
  return env;
}
