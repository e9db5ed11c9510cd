/**
 * `thiqa serve`: the service, in one process, or in several with one that looks after them.
 */
import cluster from 'node:cluster';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../clock.ts';
import { composeService, recordService } from '../compose.ts';
import { type Config, loadConfig } from '../config.ts';
import { MOST_WORKERS } from '../config-schema.ts';
import { createManagementServer } from '../http/management.ts';
import { createLog } from '../operations/log.ts';
import { closeListeners, type Listener, openListeners } from '../service.ts';
import { Primary } from '../workers/primary.ts';
import { runWorker } from '../workers/worker.ts';
import { endOnUnforeseen, explain, onStop } from './terminal.ts';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service')
    .requiredOption('--config <file>', 'the configuration of the service (YAML)')
    .option('--workers <number>', 'processes that serve citizens; else as the configuration says', parseWorkers)
    .action(async ({ config: file, workers }: { config: string; workers?: number }) => {
      const readConfig = (): Config => {
        const config = loadConfig(file, process.env);
        return workers === undefined ? config : { ...config, workers };
      };
      if (cluster.isWorker) return serveAsWorker(readConfig);
      const config = readConfig();
      return config.workers === 1 ? serveAlone(config, readConfig) : serveWithWorkers(config, readConfig);
    });
}

async function serveAlone(config: Config, readConfig: () => Config): Promise<void> {
  const log = createLog(config.log.level);
  endOnUnforeseen(log);
  const composing = composeService(config, { log, readConfig });
  // Both before the start is announced: whoever waits for that may send a signal at once. And a hang-up ends nothing
  // while a store is slow to open; what keeps the service from its start is told below.
  process.on('SIGHUP', () =>
    composing.then(
      (service) => service.reload().catch((error: unknown) => log.failure('reload', error)),
      () => undefined,
    ),
  );
  const service = await composing;
  const starting = service.start();
  onStop(() => service.stop());
  await starting;
}

async function serveWithWorkers(config: Config, readConfig: () => Config): Promise<void> {
  const log = createLog(config.log.level);
  endOnUnforeseen(log);
  const primary = new Primary({
    log,
    clock: systemClock,
    settings: config,
    readSettings: readConfig,
    record: (type) => recordService(config, type),
    giveUp: (error) => process.exit(explain(error)),
  });
  const { management } = config;
  const listeners: Listener[] = management
    ? [
        {
          name: 'management',
          server: createManagementServer({ health: () => primary.health(), log }),
          ...management.listen,
        },
      ]
    : [];
  await openListeners(listeners);
  process.on('SIGHUP', () => void primary.reload());
  const starting = primary.start();
  onStop(
    async () => {
      await primary.stop();
      await closeListeners(listeners, 0);
    },
    () => primary.kill(),
  );
  try {
    await starting;
  } catch (error) {
    await closeListeners(listeners, 0);
    throw error;
  }
}

/** The primary has the management listener, for the whole service. */
async function serveAsWorker(readConfig: () => Config): Promise<void> {
  const readWithoutManagement = (): Config => {
    const { management: _, ...config } = readConfig();
    return config;
  };
  try {
    await runWorker(async (hasSharedWork) => {
      const config = readWithoutManagement();
      const log = createLog(config.log.level, undefined, cluster.worker?.id);
      endOnUnforeseen(log);
      const service = await composeService(config, {
        log,
        readConfig: readWithoutManagement,
        // The first opens alone, at the start.
        worker: { hasSharedWork, isFirst: cluster.worker?.id === 1 },
      });
      return { service, log };
    });
  } catch (error) {
    // What nobody foresaw. The channel to the primary would keep the process, and the primary waits for its end.
    process.exit(explain(error));
  }
}

function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    throw new InvalidArgumentError(`the number of workers is from 1 to ${MOST_WORKERS}`);
  return workers;
}
