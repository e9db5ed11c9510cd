/**
 * Runs a command with a database server that speaks the protocol of MongoDB, started for it and stopped afterwards:
 * `node test/support/mongodb.ts [--optional] [COMMAND ...]`. The command finds its address in MONGODB_URL. Without a
 * command it is the contract of the stores, the flows and the crashes, on that server (`npm run test:mongodb`).
 *
 * The server is the one that MONGODB_URL names already, or else the one of `database-server.ts`. With --optional the
 * command runs without a server where none can be had.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareDatabaseServer, SECANTUS_PACKAGE, startDatabaseServer } from './database-server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = ['test/store/**/*.test.ts', 'test/flows/*.test.ts', 'test/security/s26-*.test.ts'];

/** The exit code of the command. */
async function run(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...environment } });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

const args = process.argv.slice(2);
const isOptional = args[0] === '--optional';
const given = isOptional ? args.slice(1) : args;
const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const OPTIONS = ['--no-config', '--timeout', '60000', '--reporter', 'test/support/reporter.cjs'];
const command = given.length > 0 ? given : [process.execPath, MOCHA, ...OPTIONS, ...TESTS];

const server = await serverToUse(process.env.MONGODB_URL);
if (server === undefined) {
  process.stdout.write(`No MongoDB server: neither mongod nor ${SECANTUS_PACKAGE} (python3 -m venv, pip) runs here.\n`);
  process.exitCode = isOptional ? await run(command, {}) : 1;
} else {
  try {
    // The flows of the default command run on it too; a command that is given decides for itself.
    const flows: Record<string, string> = given.length > 0 ? {} : { THIQA_STORE: server.url };
    process.exitCode = await run(command, { MONGODB_URL: server.url, ...flows });
  } finally {
    await server.stop();
  }
}

async function serverToUse(present: string | undefined) {
  if (present !== undefined) return { url: present, stop: async () => undefined };
  if (!prepareDatabaseServer()) return undefined;
  return startDatabaseServer().catch(() => undefined);
}
