#!/usr/bin/env node
/**
 * The command line: each command is a file of `command-line/`, a few lines that call a use case.
 */
import { Command } from 'commander';
import { addAuditCommand } from './command-line/audit.ts';
import { addBackupCommands } from './command-line/backup.ts';
import { addCheckCommand } from './command-line/check.ts';
import { addCitizenCommand } from './command-line/citizen.ts';
import { addDemoCommand } from './command-line/demo.ts';
import { addKeysCommand } from './command-line/keys.ts';
import { addPortalCommand } from './command-line/portal.ts';
import { addServeCommand } from './command-line/serve.ts';
import { addSessionsCommand } from './command-line/sessions.ts';
import { explain } from './command-line/terminal.ts';
import { addTrustCommand } from './command-line/trust.ts';

const program = new Command('thiqa')
  .description('Signs citizens in with their electronic ID card, for portals that speak OpenID Connect.')
  .helpCommand(false);
for (const addCommand of [
  addServeCommand,
  addDemoCommand,
  addKeysCommand,
  addPortalCommand,
  addCitizenCommand,
  addSessionsCommand,
  addTrustCommand,
  addCheckCommand,
  addAuditCommand,
  addBackupCommands,
]) {
  addCommand(program);
}

// Whoever reads the output may have read enough (`| head -1`): a command goes on with what it does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
