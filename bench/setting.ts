/**
 * Where the benches of whole sign-ins take place: a folder with an authority, its CRLs, the service's keys and
 * configuration; a portal; and cards that all differ.
 */
import { generateKeyPairSync } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { issueCrl } from '../src/demo/authority.ts';
import { encodePem } from '../src/demo/pem.ts';
import { generateKeys } from '../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../src/demo/tls-certificates.ts';
import { readCertificateFile } from '../src/document-configuration.ts';
import { generateKeys as generateServiceKeys } from '../src/keys-directory.ts';
import { createBenchAuthority } from './authority.ts';
import type { BenchCard, BenchPortal } from './journey.ts';

export interface BenchSetting {
  readonly directory: string;
  readonly portal: BenchPortal;
  /** The registration of the portal, as oidc-provider and as an officer read it. */
  readonly portalJwk: Readonly<Record<string, unknown>>;
  readonly nationalNumbers: readonly string[];
  readonly cards: readonly BenchCard[];
  readonly tlsRoot: string;
  /** PEM of the certificates, and files of what the card host of the other side serves and asks for. */
  readonly files: {
    readonly root: string;
    readonly issuing: string;
    readonly tlsCertificate: string;
    readonly tlsKey: string;
  };
  remove(): Promise<void>;
  /** For a process that is about to end, while servers may still write. */
  removeNow(): void;
}

export interface ServiceAddress {
  readonly issuer: string;
  readonly configFile: string;
}

const WEEK = 7 * 86_400_000;
const PROFILE = fileURLToPath(new URL('../config/profiles/demonstration.yaml', import.meta.url));

/** @param cardCount more than any cache of the service holds, so that each card is new to it when its turn comes again */
export async function createSetting(cardCount: number, at: Date): Promise<BenchSetting> {
  const directory = await mkdtemp(join(tmpdir(), 'thiqa-bench-'));
  const inside = (name: string): string => join(directory, name);
  const authority = createBenchAuthority('P-384', cardCount, at);
  const tlsRoot = createTlsRoot(at);
  const tlsKeys = generateKeys('P-256');
  const dates = { thisUpdate: at, nextUpdate: new Date(at.getTime() + WEEK), number: 1 };
  const files = {
    root: inside('root.pem'),
    issuing: inside('issuing.pem'),
    tlsCertificate: inside('tls.pem'),
    tlsKey: inside('tls.key.pem'),
  };
  await Promise.all([
    writeFile(files.root, encodePem('CERTIFICATE', authority.root.certificate)),
    writeFile(files.issuing, encodePem('CERTIFICATE', authority.issuing.certificate)),
    writeFile(files.tlsCertificate, encodePem('CERTIFICATE', issueServerCertificate(tlsRoot, tlsKeys.publicKey, at))),
    writeFile(files.tlsKey, tlsKeys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    writeFile(inside('root.crl'), issueCrl(authority.root, [], dates)),
    writeFile(inside('issuing.crl'), issueCrl(authority.issuing, [], dates)),
    generateServiceKeys(inside('keys')),
  ]);
  const portalKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const portalJwk = { ...portalKeys.publicKey.export({ format: 'jwk' }), kid: 'portal', use: 'sig', alg: 'ES256' };
  return {
    directory,
    portal: {
      clientId: 'bench-portal',
      redirectUri: 'https://portal.thiqa.example/callback',
      privateKey: portalKeys.privateKey,
    },
    portalJwk,
    nationalNumbers: authority.nationalNumbers,
    cards: authority.cards.map((certificate, index) => ({
      certificate,
      tls: {
        cert: encodePem('CERTIFICATE', certificate),
        key: String(authority.cardKeys[index]?.export({ type: 'pkcs8', format: 'pem' })),
      },
    })),
    tlsRoot: encodePem('CERTIFICATE', tlsRoot.certificate),
    files,
    remove: () => rm(directory, { recursive: true, force: true }),
    removeNow: () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }),
  };
}

/** Writes the configuration of one service in the folder of the setting. @param store as the configuration names it */
export async function configureService(
  { directory, files }: BenchSetting,
  name: string,
  mode: 'tls' | 'header',
  store = `sqlite:${storeFolder(name)}`,
): Promise<ServiceAddress> {
  const [issuerPort, cardPort] = await freePorts();
  const issuer = `http://localhost:${issuerPort}`;
  const host = '127.0.0.1';
  const settings = {
    issuer,
    listen: { host, port: issuerPort },
    cardHost: {
      domain: 'card.localhost',
      publicPort: cardPort,
      listen: { host, port: cardPort },
      mode,
      ...(mode === 'tls'
        ? { tls: { certificate: files.tlsCertificate, key: files.tlsKey } }
        : { header: { preset: 'rfc9440', trustedPeers: [host] } }),
    },
    store,
    keys: { directory: 'keys' },
    // All citizens of the bench come from one address.
    limits: { enabled: false },
    documents: [
      {
        profile: PROFILE,
        trustAnchors: [{ certificate: files.root, keySha256: readCertificateFile(files.root).publicKey.keySha256 }],
        intermediates: [files.issuing],
        crls: ['root.crl', 'issuing.crl'],
      },
    ],
  };
  const configFile = join(directory, `${name}.yaml`);
  await writeFile(configFile, stringify(settings));
  return { issuer, configFile };
}

/** In the folder of the setting. */
export function storeFolder(name: string): string {
  return `store-${name}`;
}

/** Ports that were free a moment ago. */
export async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [one = 0, other = 0] = ports;
  return [one, other];
}
