/**
 * Runs a command with a database server that speaks the protocol of MongoDB, started for it and stopped afterwards:
 * `node test/support/mongodb.ts [--optional] [COMMAND ...]`. The command finds its address in MONGODB_URL. Without a
 * command it is the contract of the stores, and the flows, on that server (`npm run test:mongodb`).
 *
 * The server is the one that MONGODB_URL names already, or `mongod` where it is installed, or SecantusDB in a virtual
 * environment of Python. With --optional the command runs without a server where none can be had.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findProgram } from './tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENVIRONMENT = join(ROOT, '.cache', 'mongo');
const SECANTUS = join(ENVIRONMENT, 'bin', 'secantusd-py');
const PACKAGE = 'SecantusDB==0.7.0b3';
const START_MS = 30_000;
const STOP_MS = 15_000;
const TESTS = ['test/store/**/*.test.ts', 'test/flows/*.test.ts', 'test/security/s26-*.test.ts'];

interface DatabaseServer {
  readonly url: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** Installs SecantusDB where it is not yet; false where that cannot be done. */
function prepareSecantus(): boolean {
  if (existsSync(SECANTUS)) return true;
  const run = (program: string, ...args: string[]): boolean =>
    spawnSync(program, args, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 5 * 60_000 }).status === 0;
  return (
    run('python3', '-m', 'venv', ENVIRONMENT) &&
    run(join(ENVIRONMENT, 'bin', 'pip'), 'install', '-q', '--disable-pip-version-check', PACKAGE) &&
    existsSync(SECANTUS)
  );
}

/** The program to start, with its arguments; undefined where there is none. */
function serverCommand(port: number, directory: string): readonly [string, ...string[]] | undefined {
  const mongod = findProgram('mongod');
  if (mongod !== undefined) return [mongod, '--bind_ip', '127.0.0.1', '--port', `${port}`, '--dbpath', directory];
  if (!prepareSecantus()) return undefined;
  const address = ['--host', '127.0.0.1', '--port', `${port}`];
  // Without --sync-on-commit it loses writes that it acknowledged.
  return [SECANTUS, ...address, '--storage-path', directory, '--sync-on-commit', '--standalone'];
}

async function startServer(): Promise<DatabaseServer | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'thiqa-mongodb-'));
  const discard = (): void => rmSync(directory, { recursive: true, force: true });
  const port = await freePort();
  const [program, ...args] = serverCommand(port, directory) ?? [];
  if (program === undefined) {
    discard();
    return undefined;
  }
  // A process group of its own: Ctrl-C ends the command first, and the server then.
  const server = spawn(program, args, { stdio: 'ignore', detached: true });
  const failed = once(server, 'error').catch(() => undefined);
  const ended = Promise.race([once(server, 'exit'), failed]);
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    if ((await Promise.race([ended, setTimeout(STOP_MS, 'late', { ref: false })])) === 'late') server.kill('SIGKILL');
    discard();
  };
  if (!(await answers(port, server))) {
    await stop();
    return undefined;
  }
  return { url: `mongodb://127.0.0.1:${port}/test`, stop };
}

/** Whether something listens on the port before the server ends or the time is up. */
async function answers(port: number, server: ChildProcess): Promise<boolean> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && server.exitCode === null; ) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return true;
    await setTimeout(100);
  }
  return false;
}

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

const present = process.env.MONGODB_URL;
const server = present === undefined ? await startServer() : { url: present, stop: async () => undefined };
if (server === undefined) {
  process.stdout.write(`No MongoDB server: neither mongod nor ${PACKAGE} (python3 -m venv, pip) can be had here.\n`);
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
