/**
 * A database server that speaks the protocol of MongoDB, as a process of its own: `mongod` where it is installed, else
 * SecantusDB in a virtual environment of Python. A test tool, never a dependency of the service.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Mongoose } from 'mongoose';
import { freePorts } from './free-ports.ts';
import { findProgram } from './tools.ts';

const ENVIRONMENT = fileURLToPath(new URL('../../.cache/mongo', import.meta.url));
const SECANTUS = join(ENVIRONMENT, 'bin', 'secantusd-py');
export const SECANTUS_PACKAGE = 'SecantusDB==0.7.0b3';
const START_MS = 30_000;
/** So often it is seen whether the server has ended. */
const LOOK_MS = 3000;
const STOP_MS = 15_000;

export interface DatabaseServer {
  readonly url: string;
  /** Ends it as a power cut does: at once, and with no word to anybody. */
  kill(): Promise<void>;
  /** Starts it again, after its end, on the same port and the same files. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

type Command = readonly [program: string, ...args: string[]];

/** Installs SecantusDB where neither server is there yet. @returns false where that cannot be done */
export function prepareDatabaseServer(): boolean {
  if (databaseServerNeeds() === undefined) return true;
  const run = (program: string, ...args: string[]): boolean =>
    spawnSync(program, args, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 5 * 60_000 }).status === 0;
  return (
    run('python3', '-m', 'venv', ENVIRONMENT) &&
    run(join(ENVIRONMENT, 'bin', 'pip'), 'install', '-q', '--disable-pip-version-check', SECANTUS_PACKAGE) &&
    databaseServerNeeds() === undefined
  );
}

/** What must be there for a server to be started, when it is not. */
export function databaseServerNeeds(): string | undefined {
  return serverCommand(0, '') === undefined ? 'a MongoDB server of its own (npm run test:mongodb gets one)' : undefined;
}

function serverCommand(port: number, directory: string): Command | undefined {
  const mongod = findProgram('mongod');
  if (mongod !== undefined) return [mongod, '--bind_ip', '127.0.0.1', '--port', `${port}`, '--dbpath', directory];
  if (!existsSync(SECANTUS)) return undefined;
  const address = ['--host', '127.0.0.1', '--port', `${port}`];
  // Without --sync-on-commit it loses writes that it acknowledged.
  return [SECANTUS, ...address, '--storage-path', directory, '--sync-on-commit', '--standalone'];
}

/** Rejects when it does not answer. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  const directory = mkdtempSync(join(tmpdir(), 'thiqa-mongodb-'));
  const [port] = await freePorts(1);
  const command = serverCommand(port, directory);
  if (command === undefined) throw new TypeError('there is no database server to start');
  let running = await start(command, port).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  return {
    url: `mongodb://127.0.0.1:${port}/test`,
    kill: () => end(running, 'SIGKILL'),
    async restart() {
      running = await start(command, port);
    },
    async stop() {
      await end(running, 'SIGTERM');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function start([program, ...args]: Command, port: number): Promise<ChildProcess> {
  // A process group of its own: Ctrl-C ends the command first, and the server then.
  const server = spawn(program, args, { stdio: 'ignore', detached: true });
  server.once('error', () => undefined); // it then does not answer
  if (await answers(port, server)) return server;
  await end(server, 'SIGKILL');
  throw new Error('the database server does not answer');
}

async function end(server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  if ((await Promise.race([ended, setTimeout(STOP_MS, 'late', { ref: false })])) !== 'late') return;
  server.kill('SIGKILL');
  await ended;
}

/** Whether the server answers a ping before it ends or the time is up: a port is open sooner than that. */
async function answers(port: number, server: ChildProcess): Promise<boolean> {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && server.exitCode === null; ) {
    const connection = new Mongoose().createConnection(url, { serverSelectionTimeoutMS: LOOK_MS });
    try {
      await connection.asPromise();
      await connection.getClient().db('admin').command({ ping: 1 });
      return true;
    } catch {
      // Not yet.
    } finally {
      await connection.close(true).catch(() => undefined);
    }
  }
  return false;
}
