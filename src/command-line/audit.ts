/**
 * `thiqa audit`: the record of what happened.
 */
import type { Command } from 'commander';
import { withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

export function addAuditCommand(program: Command): void {
  const commands = program.command('audit').description('the record of what happened');
  commands
    .command('verify')
    .description('check the hash chain of the whole audit log')
    .option(...configOption)
    .action(({ config }: { config: string }) =>
      withStore(config, async (_store, audit) => {
        const last = await audit.verify();
        print(JSON.stringify({ verdict: 'whole', records: last?.sequence ?? 0, hash: last?.hash }));
      }),
    );
}
