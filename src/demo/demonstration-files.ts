/**
 * Where the demonstration keeps what it mints, and how it reads and writes it.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../errors.ts';
import { encodePem } from './pem.ts';
import type { KeyPair } from './signing.ts';

export interface CertificateFiles {
  readonly certificatePath: string;
  readonly keyPath: string;
}

export interface CardFiles extends CertificateFiles {
  readonly pkcs12Path: string;
}

/** Every path of a demonstration under one folder. */
export function demonstrationPaths(directory: string) {
  const pair = (folder: string, name: string): CertificateFiles => ({
    certificatePath: join(directory, folder, `${name}.pem`),
    keyPath: join(directory, folder, `${name}.key.pem`),
  });
  return {
    manifest: join(directory, 'demonstration.json'),
    root: { ...pair('authority', 'root'), crlPath: join(directory, 'authority', 'root.crl') },
    issuing: { ...pair('authority', 'issuing'), crlPath: join(directory, 'authority', 'issuing.crl') },
    card: (id: string): CardFiles => ({ ...pair('cards', id), pkcs12Path: join(directory, 'cards', `${id}.p12`) }),
    tlsRoot: pair('tls', 'root'),
    tlsServer: pair('tls', 'server'),
    portalKey: join(directory, 'portal', 'key.jwk.json'),
  };
}

export type DemonstrationPaths = ReturnType<typeof demonstrationPaths>;

/**
 * Writes a file whole or not at all: a reader, such as the watcher of a CRL, never sees half of it.
 * Only the owner may read it: most of these files hold keys.
 */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  await writeFile(draft, contents, { mode: 0o600 });
  await rename(draft, path);
}

export async function writeKeyAndCertificate(
  files: CertificateFiles,
  key: KeyObject,
  certificates: readonly Uint8Array[],
): Promise<void> {
  await writeWhole(files.keyPath, key.export({ type: 'pkcs8', format: 'pem' }));
  await writeWhole(files.certificatePath, certificates.map((der) => encodePem('CERTIFICATE', der)).join(''));
}

export async function readKeys(path: string): Promise<KeyPair> {
  const privateKey = createPrivateKey(await readFile(path));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** The first certificate of a PEM file. */
export async function readCertificate(path: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(path));
}

/** Contents octets of the serial number. */
export function serialNumberOf(certificate: X509Certificate): Buffer {
  return Buffer.from(certificate.serialNumber, 'hex');
}

/** A failure of the file system becomes one clear line for the person who started the demonstration. */
export function folderUnusable(directory: string, cause: unknown): ConfigurationError {
  return new ConfigurationError('CONFIG_UNREADABLE', `the folder of the demonstration cannot be used: ${directory}`, {
    cause,
  });
}
