/**
 * `thiqa serve`: the service.
 */
import type { Command } from 'commander';
import { composeService } from '../compose.ts';
import { loadConfig } from '../config.ts';
import { createLog } from '../operations/log.ts';
import { onStop } from './terminal.ts';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service')
    .requiredOption('--config <file>', 'the configuration of the service (YAML)')
    .action(async ({ config: file }: { config: string }) => {
      const readConfig = () => loadConfig(file, process.env);
      const config = readConfig();
      const log = createLog(config.log.level);
      const service = await composeService(config, { log, readConfig });
      // Before the start is announced: whoever waits for that may send one at once.
      process.on('SIGHUP', () => service.reload().catch((error: unknown) => log.failure('reload', error)));
      await service.start();
      onStop(() => service.stop());
    });
}
