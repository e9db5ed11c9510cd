/**
 * The worker of `load-crl.ts`: reads one large CRL and ends. A CRL of millions of entries costs seconds of computing,
 * which on the event loop would hold up every sign-in.
 */
import { readFileSync } from 'node:fs';
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

parentPort?.postMessage(await run());
