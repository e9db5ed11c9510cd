/**
 * The worker of `load-crl.ts`: reads one large CRL and ends. A CRL of millions of entries costs seconds of computing,
 * which on the event loop would hold up every sign-in.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { RevocationError } from '../errors.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { CrlJob, CrlJobResult } from './load-crl.ts';
import { readVerifiedCrl } from './read-crl.ts';
import { readKeptCrl } from './read-kept-crl.ts';

/** Only `load-crl.ts` starts this file. */
const job = workerData as CrlJob;

async function run(): Promise<CrlJobResult> {
  try {
    const { content, indexDirectory } = job;
    const expected = { ...job, issuers: job.issuers.map((der) => parseCertificate(der)) };
    if (indexDirectory !== undefined) return await readKeptCrl(content, expected, indexDirectory);
    return { parts: readVerifiedCrl(typeof content === 'string' ? readFileSync(content) : content, expected) };
  } catch (error) {
    if (error instanceof RevocationError) return { code: error.code, message: error.message, detail: error.detail };
    throw error;
  }
}

/** Sign-ins go first. The system has a priority for each thread, where it tells a thread its number at all. */
function giveWay(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // At the usual priority, then.
  }
}

giveWay();
parentPort?.postMessage(await run());
