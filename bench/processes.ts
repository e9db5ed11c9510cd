/**
 * The processes of a bench under load: each server has a process of its own on one core, whoever makes the load is on
 * another. Idle servers cost nothing, so all sides of a bench share the one core and take turns.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Usage {
  /** Processor time of all threads so far, in milliseconds. */
  readonly cpuMilliseconds: number;
  /** Resident memory, in MiB. */
  readonly residentMebibytes: number;
}

export interface ServerProcess {
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Cores of this process: one for the servers, one for the load; undefined where there is one only, or no way to stay on it. */
export function twoCores(): { readonly server: string; readonly load: string } | undefined {
  if (process.platform !== 'linux' || spawnSync('taskset', ['-V']).error !== undefined) return undefined;
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
  });
  const [server, load] = cores;
  return server === undefined || load === undefined ? undefined : { server, load };
}

/** Keeps this process, with all its threads, on one core from now on. */
export function stayOn(core: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', core, String(process.pid)], { stdio: 'ignore' });
}

/**
 * Starts a server; resolves when it listens.
 * @param script beside this file
 * @param parameters what it reads from its command line, as one JSON value
 * @param flags of Node
 */
export async function startServer(
  script: string,
  parameters: unknown,
  core: string | undefined,
  flags: readonly string[] = [],
): Promise<ServerProcess> {
  const node = [
    process.execPath,
    ...flags,
    fileURLToPath(new URL(script, import.meta.url)),
    JSON.stringify(parameters),
  ];
  const [command = '', ...rest] = core === undefined ? node : ['taskset', '-c', core, ...node];
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await answerOf(child, 'listening');
  return {
    async usage() {
      child.send('usage');
      return (await answerOf(child, 'usage')) as Usage; // as `reportTo` sends it
    },
    async stop() {
      child.send('stop');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function answerOf(child: ChildProcess, kind: string): Promise<unknown> {
  const ended = new AbortController();
  const exit = (): void => ended.abort(new Error('a server of the bench ended'));
  child.once('exit', exit);
  try {
    const [[answered, value]] = await once(child, 'message', { signal: ended.signal });
    if (answered !== kind) throw new TypeError(`a server of the bench said ${answered} in place of ${kind}`);
    return value;
  } finally {
    child.off('exit', exit);
  }
}

/** The other end, in the process of a server that listens now. */
export function reportToBench(stop: () => Promise<void>, usage: () => Usage = usageOfThisProcess): void {
  process.on('message', (question) => {
    if (question === 'usage') {
      process.send?.(['usage', usage()]);
    } else {
      void stop().finally(() => process.exit());
    }
  });
  // A bench that was interrupted leaves no server behind.
  process.on('disconnect', () => process.exit());
  process.send?.(['listening']);
}

function usageOfThisProcess(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMilliseconds: (user + system) / 1000, residentMebibytes: process.memoryUsage.rss() / 2 ** 20 };
}
