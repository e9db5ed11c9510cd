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

/** Only `load-crl.ts` starts this file. */
const job = workerData as CrlJob;

function run(): CrlJobResult {
  try {
    const octets = typeof job.content === 'string' ? readFileSync(job.content) : job.content;
    const issuers = job.issuers.map((der) => parseCertificate(der));
    return { parts: readVerifiedCrl(octets, { ...job, issuers }) };
  } catch (error) {
    if (error instanceof RevocationError) return { code: error.code, message: error.message, detail: error.detail };
    throw error;
  }
}

parentPort?.postMessage(run());
