/**
 * A citizen's card as a browser meets it: a PKCS #11 token of SoftHSM, or a PKCS #12 file in the browser's own store.
 * Every card has its own folder and token, so that no test sees the card of another.
 */
import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, type PackageName } from './tools.ts';

const run = promisify(execFile);

export const SOFT_CARD_PACKAGES: readonly PackageName[] = ['softhsm2', 'gnutls-bin', 'libnss3-tools'];
export const PKCS12_CARD_PACKAGES: readonly PackageName[] = ['libnss3-tools', 'openssl'];

/** What a card holds, in PEM: its certificate, its private key, and the CA certificates that it carries beside. */
export interface CardContents {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly chainPem?: readonly string[];
}

/** A token of SoftHSM. Its programs and the browser find it by `SOFTHSM2_CONF`. */
export interface SoftCard {
  readonly kind: 'pkcs11';
  readonly module: string;
  readonly configurationFile: string;
  /** The PIN, which the browser asks for only when the key is private. */
  readonly pin: string;
  remove(): void;
}

/** A PKCS #12 file, to be imported into the browser's certificate store. */
export interface Pkcs12Card {
  readonly kind: 'pkcs12';
  readonly file: string;
  readonly password: string;
  remove(): void;
}

export type Card = SoftCard | Pkcs12Card;

const PIN = '1234';
const SECURITY_OFFICER_PIN = '12345678';
const PASSWORD = 'secret';
const OBJECT = ['--label', 'auth', '--id', '05'];

/**
 * @param asksForPin a private key (CKA_PRIVATE), as on real cards: the browser asks for the PIN, which needs a display.
 *   Without it the key can be used as soon as the token is there, through the same PKCS #11 path.
 */
export async function createSoftCard(contents: CardContents, { asksForPin = false } = {}): Promise<SoftCard> {
  const module = softHsmModule();
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-card-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const configurationFile = join(folder, 'softhsm2.conf');
    mkdirSync(join(folder, 'tokens'));
    writeFileSync(
      configurationFile,
      `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    );
    const env = { ...process.env, SOFTHSM2_CONF: configurationFile, GNUTLS_PIN: PIN };
    await run(
      'softhsm2-util',
      ['--init-token', '--free', '--label', 'CARD', '--so-pin', SECURITY_OFFICER_PIN, '--pin', PIN],
      { env },
    );
    const write = (...options: string[]) =>
      run('p11tool', ['--provider', module, '--batch', '--login', '--write', ...options, 'pkcs11:token=CARD'], { env });

    // Browsers find a key by its public half, which therefore must stand on the token too.
    const privateKey = createPrivateKey(contents.privateKeyPem);
    const privateKeyFile = join(folder, 'card.key.pem');
    const publicKeyFile = join(folder, 'card.pub.pem');
    const certificateFile = join(folder, 'card.pem');
    writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(publicKeyFile, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
    writeFileSync(certificateFile, contents.certificatePem);
    await write(asksForPin ? '--mark-private' : '--no-mark-private', '--load-privkey', privateKeyFile, ...OBJECT);
    await write('--no-mark-private', '--load-pubkey', publicKeyFile, ...OBJECT);
    await write('--no-mark-private', '--load-certificate', certificateFile, ...OBJECT);
    for (const [index, pem] of (contents.chainPem ?? []).entries()) {
      const file = join(folder, `ca-${index}.pem`);
      writeFileSync(file, pem);
      await write('--no-mark-private', '--load-certificate', file, '--label', `ca-${index}`, '--id', `1${index}`);
    }
    rmSync(privateKeyFile);
    return { kind: 'pkcs11', module, configurationFile, pin: PIN, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

export async function createPkcs12Card(contents: CardContents): Promise<Pkcs12Card> {
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-card-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const [certificate, key, file] = ['card.pem', 'card.key.pem', 'card.p12'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]; // three in, three out
    writeFileSync(certificate, [contents.certificatePem, ...(contents.chainPem ?? [])].join('\n'));
    writeFileSync(key, contents.privateKeyPem, { mode: 0o600 });
    const names = ['-in', certificate, '-inkey', key, '-out', file, '-name', 'card'];
    await run('openssl', ['pkcs12', '-export', ...names, '-passout', `pass:${PASSWORD}`]);
    rmSync(key);
    return { kind: 'pkcs12', file, password: PASSWORD, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A PKCS #12 file that exists already, such as one that the demonstration made; it is left where it is. */
export function pkcs12CardFromFile(file: string, password: string): Pkcs12Card {
  return { kind: 'pkcs12', file, password, remove: () => undefined };
}

/** Debian keeps it under the triplet of the architecture or beside it. */
function softHsmModule(): string {
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const candidates = [`/usr/lib/${triplet}`, '/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const found = candidates
    .map((folder) => findProgram(`${folder}/softhsm/libsofthsm2.so`))
    .find((path) => path !== undefined);
  if (found === undefined) throw new TypeError('libsofthsm2.so is not installed');
  return found;
}
