/**
 * The service in a process of its own, as `serve` composes it, with the portal of the bench registered and the consent
 * of every citizen on record.
 */
import { join } from 'node:path';
import { composeService } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import { createLog } from '../src/operations/log.ts';
import { createMemoryStore } from './memory-store.ts';
import { reportToBench } from './processes.ts';
import { type RegisteredPortal, registerBenchPortal } from './registered-portal.ts';

export interface ServiceProcessParameters extends RegisteredPortal {
  readonly name: string;
  readonly configFile: string;
  readonly directory: string;
  /** In place of the store that the configuration names. */
  readonly inMemory: boolean;
}

const { name, configFile, directory, inMemory, portal, nationalNumbers }: ServiceProcessParameters = JSON.parse(
  process.argv[2] ?? '',
);
const readConfig = () => loadConfig(configFile, {});
const config = readConfig();
const service = await composeService(config, {
  log: createLog('info', join(directory, `${name}.log`)),
  readConfig,
  ...(inMemory && { openStore: async () => createMemoryStore() }),
});
await service.start();

await registerBenchPortal(config, service.store, { portal, nationalNumbers });
reportToBench(() => service.stop());
