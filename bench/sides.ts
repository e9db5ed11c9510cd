/**
 * The sides of a whole sign-in: the service on one of its stores, and the bare provider, each in a process of its own.
 */
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { BareProviderParameters } from './bare-provider-process.ts';
import type { BenchCard } from './journey.ts';
import type { Side } from './load.ts';
import type { Pace } from './measure.ts';
import { type ServerProcess, startServer, stayOn, twoCores } from './processes.ts';
import { PROGRAM_FLAGS } from './program-flags.ts';
import type { ServeProcessParameters } from './serve-process.ts';
import type { ServiceProcessParameters } from './service-process.ts';
import { type BenchSetting, configureService, createSetting, freePorts, storeFolder } from './setting.ts';

export interface Sides {
  readonly cards: readonly BenchCard[];
  /** @param store 'memory', 'sqlite', or the address of a MongoDB database */
  service(name: string, store: string, cards: readonly BenchCard[]): Promise<Side>;
  /** Where the service of this name has, or will have, its SQLite store. */
  storeDirectory(name: string): string;
  /** `thiqa serve` on SQLite. */
  served(name: string, workers: number, cards: readonly BenchCard[]): Promise<Side>;
  bareProvider(name: string, cards: readonly BenchCard[]): Promise<Side>;
}

/** More than the service remembers. */
const CARDS = 2_000;
const CARDS_OF_A_TRIAL = 20;

/**
 * Runs `measure` among servers that end with it, and with an interruption, as the folder does.
 * @param way how the card reaches the servers
 */
export async function withSides<T>(
  way: 'tls' | 'header',
  { quick }: Pace,
  measure: (sides: Sides) => Promise<T>,
): Promise<T> {
  const setting = await createSetting(quick ? CARDS_OF_A_TRIAL : CARDS, systemClock());
  const servers: ServerProcess[] = [];
  const interrupted = (signal: NodeJS.Signals): void => {
    setting.removeNow();
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    return await measure(sidesIn(setting, way, servers));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await setting.remove();
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
  }
}

function sidesIn(setting: BenchSetting, way: 'tls' | 'header', servers: ServerProcess[]): Sides {
  const cores = twoCores();
  if (cores !== undefined) stayOn(cores.load);
  const start = async (script: string, parameters: unknown, flags?: readonly string[]): Promise<ServerProcess> => {
    const server = await startServer(script, parameters, cores?.server, flags);
    servers.push(server);
    return server;
  };
  const { directory, files, nationalNumbers, portalJwk: jwk } = setting;
  const { clientId, redirectUri } = setting.portal;
  const portal = { clientId, redirectUri, jwk };
  const destination = (issuer: string) => ({ issuer, portal: setting.portal, tlsRoot: setting.tlsRoot });
  return {
    cards: way === 'tls' ? setting.cards : setting.cards.map(({ certificate }) => ({ certificate })),
    async service(name, store, cards) {
      const address = store.startsWith('mongodb') ? store : undefined;
      const { issuer, configFile } = await configureService(setting, name, way, address);
      const inMemory = store === 'memory';
      const parameters: ServiceProcessParameters = { name, configFile, directory, inMemory, portal, nationalNumbers };
      const server = await start('service-process.ts', parameters, PROGRAM_FLAGS);
      return { name, cards, destination: destination(issuer), server };
    },
    storeDirectory: (name) => join(directory, storeFolder(name)),
    async served(name, workers, cards) {
      const { issuer, configFile } = await configureService(setting, `workers-${workers}`, way);
      const parameters: ServeProcessParameters = { configFile, directory, workers, portal, nationalNumbers };
      const server = await start('serve-process.ts', parameters);
      return { name, cards, destination: destination(issuer), server, processes: workers };
    },
    async bareProvider(name, cards) {
      const [port, tlsPort] = await freePorts();
      const parameters: BareProviderParameters = {
        port,
        portal,
        ...(way === 'tls' && {
          tls: {
            port: tlsPort,
            certificate: files.tlsCertificate,
            key: files.tlsKey,
            authorities: [files.root, files.issuing],
          },
        }),
      };
      const server = await start('bare-provider-process.ts', parameters);
      return { name, cards, destination: destination(`http://localhost:${port}`), server };
    },
  };
}
