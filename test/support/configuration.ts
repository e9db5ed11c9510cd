/**
 * A configuration that is accepted, with its files in a folder of its own: the root and the issuing CA of a test
 * authority, and the profile of the demonstration card. A test changes one thing.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { createTestAuthority, pemOf, type TestAuthority } from './authority.ts';

export interface ConfigurationFolder {
  readonly path: string;
  readonly authority: TestAuthority;
  /** Every section that has no default. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The one entry of `documents`. */
  readonly document: Readonly<Record<string, unknown>>;
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url);

export function configurationFolder(): ConfigurationFolder {
  const path = mkdtempSync(join(tmpdir(), 'thiqa-config-'));
  const authority = createTestAuthority();
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(path, name), content);
    return name;
  };
  copyFileSync(PROFILE, join(path, 'profile.yaml'));
  write('root.pem', pemOf(authority.root.certificate));
  write('issuing.pem', pemOf(authority.issuing.certificate));
  const document = {
    profile: 'profile.yaml',
    trustAnchors: [{ certificate: 'root.pem', keySha256: keyOf(authority.root.certificate) }],
    intermediates: ['issuing.pem'],
    crls: ['root.crl', 'https://crl.example.ma/issuing.crl'],
  };
  const settings = {
    issuer: 'https://id.example.ma',
    listen: { host: '127.0.0.1', port: 4000 },
    cardHost: {
      domain: 'card.example.ma',
      listen: { host: '127.0.0.1', port: 4443 },
      mode: 'tls',
      tls: { certificate: 'card-host.pem', key: 'card-host.key.pem' },
    },
    store: 'sqlite:data',
    keys: { directory: 'keys' },
    documents: [document],
  };
  return { path, authority, settings, document, write, remove: () => rmSync(path, { recursive: true }) };
}

/** SHA-256 of the SubjectPublicKeyInfo, hexadecimal: what an anchor is pinned to. */
export function keyOf(certificate: Uint8Array): string {
  return parseCertificate(certificate).publicKey.keySha256;
}
