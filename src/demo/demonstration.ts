/**
 * `thiqa demo`: the service on embedded storage, the demonstration authority with its ten cards, and a portal, in one
 * process, under one folder. What it starts is the service itself: only its configuration is the demonstration's.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { AuditLog } from '../audit/audit-log.ts';
import { type Clock, systemClock } from '../clock.ts';
import { composeService, type ServiceOptions } from '../compose.ts';
import { type Config, loadConfig } from '../config.ts';
import { readCertificateFile } from '../document-configuration.ts';
import { generateKeys } from '../keys-directory.ts';
import { onboardingPorts } from '../onboarding.ts';
import type { Log } from '../operations/log.ts';
import { registerPortal } from '../relying-party/register-portal.ts';
import { runEach } from '../service.ts';
import type { Store } from '../store/store.ts';
import { type Demonstration, prepareDemonstration } from './cards.ts';
import { writeWhole } from './demonstration-files.ts';
import { type RunningPortal, startPortal } from './portal.ts';
import { PORTAL_CLIENT_ID, portalRegistration } from './portal-registration.ts';

export const DEFAULT_PORTAL_PORT = 4100;
/** In the demonstration's folder. */
export const CONFIG_FILE = 'thiqa.yaml';

const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url);

export interface DemonstrationOptions {
  /** Absolute; created when absent. */
  readonly directory: string;
  readonly issuerPort: number;
  readonly cardPort: number;
  readonly portalPort: number;
  /** As in the configuration; in the folder unless told. */
  readonly store?: string | undefined;
  readonly log: Log;
  /** The section `limits` of its configuration. Without it there are none: on loopback, everybody is one address. */
  readonly limits?: Readonly<Record<string, unknown>> | undefined;
  /** What its section `sandbox` has beside virtual cards. */
  readonly sandbox?: (Readonly<Record<string, unknown>> & { readonly portalHosts?: readonly string[] }) | undefined;
  readonly clock?: Clock;
  /** For tests: files of further profiles, whose documents the same authority issues. */
  readonly profiles?: readonly string[] | undefined;
  /** For tests; see `ServiceOptions`. */
  readonly schedule?: ServiceOptions['schedule'];
}

export interface RunningDemonstration {
  readonly demonstration: Demonstration;
  readonly issuer: string;
  readonly portal: URL;
  /** As SIGHUP does for a service. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws ConfigurationError PORT_TAKEN, CONFIG_UNREADABLE and the others of composeService */
export async function startDemonstration(options: DemonstrationOptions): Promise<RunningDemonstration> {
  const { directory, log, clock = systemClock, schedule } = options;
  const demonstration = await prepareDemonstration(directory, clock());
  await generateKeys(join(directory, 'keys'));
  const file = await writeConfig(demonstration, options);
  const readConfig = () => loadConfig(file, {});
  const config = readConfig();
  const service = await composeService(config, { log, clock, readConfig, schedule });
  let portal: RunningPortal | undefined;
  try {
    await service.start();
    portal = await openPortal(demonstration, options, config, service.store);
  } catch (error) {
    if (portal === undefined) await service.stop().catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  const running = portal;
  return {
    demonstration,
    issuer: config.issuer,
    portal: running.url,
    async reload() {
      await service.reload();
    },
    async stop() {
      await runEach([() => running.close(), () => service.stop()]);
    },
  };
}

/**
 * The demonstration's settings, as a file of its folder: so every command of this program works on the demonstration as
 * on any other service (`--config data/thiqa.yaml`).
 */
async function writeConfig(demonstration: Demonstration, options: DemonstrationOptions): Promise<string> {
  const {
    directory,
    issuerPort,
    cardPort,
    store = 'sqlite:store',
    limits = { enabled: false },
    profiles = [],
    sandbox = {},
  } = options;
  const { root, issuing, tlsServer } = demonstration;
  const here = (path: string): string => relative(directory, path);
  const settings = {
    issuer: `http://localhost:${issuerPort}`,
    listen: { host: '127.0.0.1', port: issuerPort },
    cardHost: {
      domain: 'card.localhost',
      publicPort: cardPort,
      listen: { host: '127.0.0.1', port: cardPort },
      mode: 'tls',
      tls: { certificate: here(tlsServer.certificatePath), key: here(tlsServer.keyPath) },
    },
    store,
    keys: { directory: 'keys' },
    limits,
    sandbox: {
      virtualCards: true,
      ...sandbox,
      // Where the portal hears of the end of a session.
      portalHosts: [`localhost:${options.portalPort}`, ...(sandbox.portalHosts ?? [])],
    },
    documents: [fileURLToPath(PROFILE), ...profiles].map((profile) => ({
      profile: here(profile),
      trustAnchors: [
        {
          certificate: here(root.certificatePath),
          keySha256: readCertificateFile(root.certificatePath).publicKey.keySha256,
        },
      ],
      intermediates: [here(issuing.certificatePath)],
      crls: [here(root.crlPath), here(issuing.crlPath)],
    })),
  };
  const file = join(directory, CONFIG_FILE);
  await writeWhole(file, `# Written by \`thiqa demo\` at each start.\n${stringify(settings)}`);
  return file;
}

/** The portal is registered as any other: by the use case, once. */
async function openPortal(
  demonstration: Demonstration,
  options: DemonstrationOptions,
  config: Config,
  store: Store,
): Promise<RunningPortal> {
  const { clock = systemClock } = options;
  const privateKeyJwk = JSON.parse(await readFile(demonstration.portalKeyPath, 'utf8'));
  const url = new URL(`http://localhost:${options.portalPort}/`);
  const registration = await portalRegistration(url, privateKeyJwk);
  // A registration names its address, so another port is another registration; the sector, and so `sub`, is the same.
  const clientId =
    options.portalPort === DEFAULT_PORTAL_PORT ? PORTAL_CLIENT_ID : `${PORTAL_CLIENT_ID}-${options.portalPort}`;
  if ((await store.portals.find(clientId)) === undefined) {
    await registerPortal(
      { ...registration, client_id: clientId },
      await onboardingPorts({ config, store, audit: new AuditLog(store.audit, clock), clock }),
    );
  }
  return startPortal({
    port: options.portalPort,
    issuer: new URL(`http://localhost:${options.issuerPort}`),
    clientId,
    privateKeyJwk,
    clock,
  });
}
