/**
 * The service whose listeners end TLS themselves, on free ports and in a folder of its own, with the demonstration's
 * cards and TLS root. A test changes the configuration.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeService, type Service } from '../../src/compose.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Demonstration, prepareDemonstration } from '../../src/demo/cards.ts';
import { CONFIG_FILE } from '../../src/demo/demonstration.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { generateKeys } from '../../src/keys-directory.ts';
import { freePorts } from './free-ports.ts';
import { openLogFile } from './log-file.ts';

const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url).pathname;

export interface HttpsService {
  readonly service: Service;
  readonly config: Config;
  readonly demonstration: Demonstration;
  readonly directory: string;
  readonly issuer: string;
  readonly issuerPort: number;
  readonly cardPort: number;
  /** For a listener that a test adds. */
  readonly otherPort: number;
  readonly tlsRootPem: string;
  logText(): string;
  dispose(): Promise<void>;
}

/** What a test may base its changes on. */
export interface HttpsServicePlace {
  readonly directory: string;
  readonly demonstration: Demonstration;
  readonly otherPort: number;
}

/** @param change sections of the configuration that are added or replaced */
export async function startHttpsService(
  change: (place: HttpsServicePlace) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<HttpsService> {
  const directory = mkdtempSync(join(tmpdir(), 'thiqa-https-'));
  const demonstration = await prepareDemonstration(directory, new Date());
  await generateKeys(join(directory, 'keys'));
  const [issuerPort, cardPort, otherPort] = await freePorts(3);
  const { root, issuing, tlsServer } = demonstration;
  const tls = { certificate: tlsServer.certificatePath, key: tlsServer.keyPath };
  const issuer = `https://localhost:${issuerPort}`;
  const settings = {
    issuer,
    listen: { host: '127.0.0.1', port: issuerPort },
    tls,
    cardHost: {
      domain: 'card.localhost',
      publicPort: cardPort,
      listen: { host: '127.0.0.1', port: cardPort },
      mode: 'tls',
      tls,
    },
    store: 'sqlite:store',
    keys: { directory: 'keys' },
    documents: [
      {
        profile: PROFILE,
        trustAnchors: [
          {
            certificate: root.certificatePath,
            keySha256: readCertificateFile(root.certificatePath).publicKey.keySha256,
          },
        ],
        intermediates: [issuing.certificatePath],
        crls: [root.crlPath, issuing.crlPath],
      },
    ],
    ...change({ directory, demonstration, otherPort }),
  };
  // A file of its folder (JSON is YAML), so that the commands of an officer find the service.
  const configFile = join(directory, CONFIG_FILE);
  writeFileSync(configFile, JSON.stringify(settings));
  const config = loadConfig(configFile, {});
  const logFile = openLogFile(join(directory, 'service.log'));
  const discard = async (): Promise<void> => {
    await logFile.close();
    rmSync(directory, { recursive: true, force: true });
  };
  const service = await composeService(config, { log: logFile.log }).catch(async (error: unknown) => {
    await discard();
    throw error;
  });
  await service.start();
  return {
    service,
    config,
    demonstration,
    directory,
    issuer,
    issuerPort,
    cardPort,
    otherPort,
    tlsRootPem: readFileSync(demonstration.tlsRoot.certificatePath, 'utf8'),
    logText: logFile.text,
    async dispose() {
      await service.stop().finally(discard);
    },
  };
}
