/**
 * A large CRL, verified and indexed, against `openssl crl`, which verifies and indexes nothing: each in a process of its
 * own, from its start to its end, over the same file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Comparison, compare, median, type Pace } from './measure.ts';

export interface CrlFiles {
  readonly crl: string;
  /** The certificate of its issuer, DER and PEM. */
  readonly issuerDer: string;
  readonly issuerPem: string;
  /** Where the processes may keep what they remember from one run to the next. */
  readonly cache: string;
  readonly entries: number;
}

interface Run {
  readonly seconds: number;
  readonly peakMebibytes: number;
}

const POLL_MILLISECONDS = 5;

export async function compareReading(files: CrlFiles, pace: Pace): Promise<readonly Comparison[]> {
  const peaks: Record<'ours' | 'other', number[]> = { ours: [], other: [] };
  const window = (side: 'ours' | 'other', run: () => Promise<Run>) => async (): Promise<number> => {
    const { seconds, peakMebibytes } = await run();
    peaks[side].push(peakMebibytes);
    return seconds;
  };
  const time = await compare(
    window('ours', () => readByUs(files)),
    window('other', () => readByOpenssl(files)),
    pace,
  );
  const [ours, other] = [median(peaks.ours), median(peaks.other)];
  return [
    { name: 'crl-read-time', unit: 's', goal: 1, ...time },
    { name: 'crl-read-peak-memory', unit: 'MiB', goal: 0.3333, ours, other, ratio: ours / other },
  ];
}

async function readByUs({ crl, issuerDer, cache, entries }: CrlFiles): Promise<Run> {
  const script = fileURLToPath(new URL('./read-crl-process.ts', import.meta.url));
  // The modules come compiled, as those of openssl do.
  const environment = { ...process.env, NODE_COMPILE_CACHE: cache };
  const { output, ...run } = await observe(process.execPath, [script, crl, issuerDer], environment);
  if (output.trim() !== String(entries)) throw new Error(`the CRL was not read whole: ${output}`);
  return run;
}

async function readByOpenssl({ crl, issuerPem }: CrlFiles): Promise<Run> {
  const { output, ...run } = await observe('openssl', ['crl', '-CAfile', issuerPem, '-noout', '-in', crl], process.env);
  if (!output.includes('verify OK')) throw new Error(`openssl did not verify the CRL: ${output}`);
  return run;
}

/** Runs a program to its end, and watches how much memory it ever held. */
async function observe(
  program: string,
  arguments_: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Run & { readonly output: string }> {
  const start = performance.now();
  const child = spawn(program, arguments_, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  let peakMebibytes = 0;
  const polling = setInterval(() => {
    peakMebibytes = Math.max(peakMebibytes, peakOf(child.pid));
  }, POLL_MILLISECONDS);
  let seconds = 0;
  child.once('exit', () => {
    seconds = (performance.now() - start) / 1000;
  });
  try {
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} failed: ${output}`);
  } finally {
    clearInterval(polling);
  }
  return { seconds, peakMebibytes, output };
}

/** The high-water mark of a process, which Linux keeps; 0 once it has ended. */
function peakOf(pid: number | undefined): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(kibibytes ?? 0) / 1024;
  } catch {
    return 0; // The process ended between two looks.
  }
}
