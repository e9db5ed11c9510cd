/**
 * Loads one CRL, off the event loop when it is large.
 */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { type RevocationCode, RevocationError } from '../errors.ts';
import type { AlgorithmPolicy } from '../pki/algorithms.ts';
import { Crl, type CrlParts } from '../pki/crl.ts';
import type { CrlIndexDirectory } from './crl-index-file.ts';
import { type CrlExpectations, readVerifiedCrl } from './read-crl.ts';
import type { KeptCrl } from './read-kept-crl.ts';

/** What the worker is given. */
export interface CrlJob {
  /** A file to read, or the octets. */
  readonly content: string | Uint8Array;
  readonly source: string;
  /** DER */
  readonly issuers: readonly Uint8Array[];
  readonly algorithms: AlgorithmPolicy;
  readonly maximumOctets: number;
  readonly indexDirectory: CrlIndexDirectory | undefined;
}

/** What it answers. Errors lose their class between threads, so the code travels. */
export type CrlJobResult =
  | KeptCrl
  | { readonly parts: CrlParts; readonly index?: undefined }
  | { readonly code: RevocationCode; readonly message: string; readonly detail: Readonly<Record<string, unknown>> };

/** Reading a CRL takes some 15 ns for each octet, so one below this size holds up the event loop for 4 ms at most. */
const LARGEST_INLINE_OCTETS = 256 * 1024;

export interface LoadedCrl {
  readonly crl: Crl;
  /** Present when the index of a large CRL was to be kept and could not be: why. */
  readonly notKept?: { readonly cause: unknown };
}

/**
 * @param content the path of a file, or the octets
 * @param octets the size of the content
 * @param indexDirectory where the index of a large CRL is kept
 * @throws RevocationError CRL_TOO_LARGE, CRL_MALFORMED, CRL_CRITICAL_EXTENSION_UNKNOWN, CRL_SIGNATURE_INVALID; the file
 *   system's error
 */
export async function loadCrl(
  content: string | Uint8Array,
  octets: number,
  expected: CrlExpectations,
  signal: AbortSignal,
  indexDirectory?: CrlIndexDirectory,
): Promise<LoadedCrl> {
  const { source, maximumOctets } = expected;
  if (octets > maximumOctets) {
    throw new RevocationError('CRL_TOO_LARGE', 'the CRL is larger than the limit', {
      detail: { octets, maximumOctets, source },
    });
  }
  if (isLoadedInline(octets)) {
    const bytes = typeof content === 'string' ? await readFile(content, { signal }) : content;
    return { crl: new Crl(readVerifiedCrl(bytes, expected)) };
  }
  const issuers = expected.issuers.map(({ der }) => der);
  const { algorithms } = expected;
  const result = await runWorker({ content, source, issuers, algorithms, maximumOctets, indexDirectory }, signal);
  if ('parts' in result) {
    const crl = new Crl(result.parts);
    return result.index === 'not kept' ? { crl, notKept: { cause: result.cause } } : { crl };
  }
  throw new RevocationError(result.code, result.message, { detail: result.detail });
}

export function isLoadedInline(octets: number): boolean {
  return octets <= LARGEST_INLINE_OCTETS;
}

function runWorker(job: CrlJob, signal: AbortSignal): Promise<CrlJobResult> {
  return new Promise((fulfil, reject) => {
    // The octets of a fetched CRL are handed over, not copied: nobody else uses them.
    const transferList =
      typeof job.content !== 'string' && job.content.buffer instanceof ArrayBuffer ? [job.content.buffer] : [];
    const worker = new Worker(new URL('./crl-worker.ts', import.meta.url), { workerData: job, transferList });
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    // Only `crl-worker.ts` posts, and only this.
    worker.once('message', (result: CrlJobResult) => fulfil(result));
    worker.once('error', reject);
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      // After a message this changes nothing any more.
      reject(
        new RevocationError('REVOCATION_UNAVAILABLE', 'reading the CRL was stopped', {
          detail: { source: job.source },
        }),
      );
    });
  });
}
