/**
 * A CRL of millions of entries: reading it, looking into it, and what it does to those who sign in. The list is made
 * here, in a temporary folder that is removed afterwards.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodePem } from '../src/demo/pem.ts';
import { createBenchAuthority } from './authority.ts';
import { compareLookUp } from './crl-look-up.ts';
import { compareReading } from './crl-reading.ts';
import { entriesOf, writeLargeCrl } from './large-crl.ts';
import type { Bench, Comparison, Pace } from './measure.ts';
import { PROGRAM_FLAGS } from './program-flags.ts';

/** None of them signs in here. */
const CARDS = 0;

export const bench: Bench = {
  title: 'a CRL of 3 million entries: reading against openssl, look-up, sign-ins beside it',
  async run(pace) {
    const folder = await mkdtemp(join(tmpdir(), 'thiqa-bench-'));
    // Hundreds of megabytes: not left behind by somebody who stops the bench either.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    return runIn(folder, pace);
  },
};

async function runIn(folder: string, pace: Pace): Promise<readonly Comparison[]> {
  const at = new Date();
  const entries = entriesOf(pace);
  const authority = createBenchAuthority('P-384', CARDS, at);
  const list = writeLargeCrl(authority.issuing, entries, at);
  const file = (name: string): string => join(folder, name);
  const crl = file('large.crl');
  const issuerDer = file('issuing.der');
  const issuerPem = file('issuing.pem');
  await writeFile(crl, list.der);
  await writeFile(issuerDer, authority.issuing.certificate);
  await writeFile(issuerPem, encodePem('CERTIFICATE', authority.issuing.certificate));
  return [
    ...(await compareReading({ crl, issuerDer, issuerPem, cache: file('cache'), entries }, pace)),
    ...(await compareLookUp(authority.issuing, list, at, pace)),
    ...(await inServiceProcess(folder, pace)),
  ];
}

/** Beside none of the lists that are held here, and with the flags that the service has. */
async function inServiceProcess(folder: string, pace: Pace): Promise<readonly Comparison[]> {
  const script = fileURLToPath(new URL('./crl-sign-in-process.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...PROGRAM_FLAGS,
    script,
    folder,
    JSON.stringify(pace),
  ]);
  return JSON.parse(stdout);
}
