/**
 * `thiqa keys`: the keys of the service.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { generateKeys } from '../keys-directory.ts';
import { print } from './terminal.ts';

export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('the keys of the service');
  keys
    .command('generate')
    .description('make every key that the keys directory lacks; never replaces one')
    .option('--directory <folder>', 'the keys directory', 'keys')
    .action(async ({ directory }: { directory: string }) => {
      const made = await generateKeys(resolve(directory));
      print(made.length === 0 ? 'every key is there' : made.map((name) => `made ${name}`).join('\n'));
    });
}
