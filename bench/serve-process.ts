/**
 * `thiqa serve` as an operator starts it, with what it costs read from the operating system: the processes of the
 * service, and nothing of the bench.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../src/config.ts';
import { openStore } from '../src/store/open-store.ts';
import { reportToBench, type Usage } from './processes.ts';
import { PROGRAM_FLAGS } from './program-flags.ts';
import { type RegisteredPortal, registerBenchPortal } from './registered-portal.ts';

export interface ServeProcessParameters extends RegisteredPortal {
  readonly configFile: string;
  readonly directory: string;
  readonly workers: number;
}

const parameters: ServeProcessParameters = JSON.parse(process.argv[2] ?? '');
const { configFile, directory, workers } = parameters;
const config = loadConfig(configFile, {});
const store = await openStore(config.store);
await registerBenchPortal(config, store, parameters);
await store.close();

const log = openSync(join(directory, `workers-${workers}.log`), 'a');
const child = spawn(
  process.execPath,
  [
    ...PROGRAM_FLAGS,
    fileURLToPath(new URL('../src/main.ts', import.meta.url)),
    'serve',
    '--config',
    configFile,
    '--workers',
    String(workers),
  ],
  { stdio: ['ignore', 'pipe', log] },
);
const { pid } = child;
if (pid === undefined) throw new Error('the service did not start');
process.once('exit', () => child.kill('SIGKILL'));
await new Promise<void>((resolve, reject) => {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (text.includes('"event":"started"')) return; // read on, so that the service need not wait
    text += chunk.toString('utf8');
    if (text.includes('"event":"started"')) resolve();
  });
  child.once('exit', () => reject(new Error('the service did not start')));
});
reportToBench(
  async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  },
  () => usageOf(pid),
);

/** Of the process and its workers. Linux counts processor time in hundredths of a second. */
function usageOf(primary: number): Usage {
  const children = readFileSync(`/proc/${primary}/task/${primary}/children`, 'utf8').trim();
  const pids = [primary, ...(children === '' ? [] : children.split(' ').map(Number))];
  const usages = pids.map((one) => {
    const fields = readFileSync(`/proc/${one}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1];
    // utime and stime are the 14th and 15th of proc_pid_stat(5); the first two went with the name.
    return { cpu: (Number(fields[11]) + Number(fields[12])) * 10, resident: Number(resident) / 1024 };
  });
  return {
    cpuMilliseconds: usages.reduce((sum, { cpu }) => sum + cpu, 0),
    residentMebibytes: usages.reduce((sum, { resident }) => sum + resident, 0),
  };
}
