/**
 * A large CRL, verified and indexed: by what is kept of it on disk, or else read whole and then kept. Runs in a worker.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { Crl, type CrlParts } from '../pki/crl.ts';
import { isSignedByAuthority } from '../pki/crl-issuer.ts';
import { type CrlIndexDirectory, type CrlIndexSubject, readCrlIndex, writeCrlIndex } from './crl-index-file.ts';
import { lockCrlIndex } from './crl-index-lock.ts';
import { type CrlExpectations, readVerifiedCrl } from './read-crl.ts';

export interface KeptCrl {
  readonly parts: CrlParts;
  /** Where the index comes from; `not kept`: it was made, and will have to be made again. */
  readonly index: 'kept' | 'made' | 'not kept';
  /** Why it was not kept. */
  readonly cause?: unknown;
}

const CHUNK_OCTETS = 1024 * 1024;

/**
 * What is kept counts for a CRL only while one of the issuers that are expected now has the key that verified it.
 * @param content the path of a file, or the octets
 * @param waitMilliseconds for somebody else who makes the index; for tests
 * @throws RevocationError CRL_TOO_LARGE, CRL_MALFORMED, CRL_CRITICAL_EXTENSION_UNKNOWN, CRL_SIGNATURE_INVALID; the file
 *   system's error, where the CRL itself cannot be read
 */
export async function readKeptCrl(
  content: string | Uint8Array,
  expected: CrlExpectations,
  directory: CrlIndexDirectory,
  waitMilliseconds?: number,
): Promise<KeptCrl> {
  const subject = { source: expected.source, contentSha256: sha256Of(content) };
  const kept = (): CrlParts | undefined => readExpectedIndex(directory, subject, expected);
  const parts = kept();
  if (parts !== undefined) return { parts, index: 'kept' };
  let unlock: () => void;
  try {
    unlock = await lockCrlIndex(directory, subject, waitMilliseconds);
  } catch (cause) {
    return { parts: readVerifiedCrl(octetsOf(content), expected), index: 'not kept', cause };
  }
  try {
    // Whoever had the lock before may have made it.
    const partsOfOther = kept();
    if (partsOfOther !== undefined) return { parts: partsOfOther, index: 'kept' };
    return makeAndKeep(octetsOf(content), subject, expected, directory);
  } finally {
    unlock();
  }
}

function makeAndKeep(
  octets: Uint8Array,
  subject: CrlIndexSubject,
  expected: CrlExpectations,
  directory: CrlIndexDirectory,
): KeptCrl {
  const parts = readVerifiedCrl(octets, expected);
  try {
    // A file may have changed since its hash was taken: kept is what was read.
    writeCrlIndex(directory, { ...subject, contentSha256: sha256Of(octets) }, parts);
    return { parts, index: 'made' };
  } catch (cause) {
    return { parts, index: 'not kept', cause };
  }
}

function readExpectedIndex(
  directory: CrlIndexDirectory,
  subject: CrlIndexSubject,
  { issuers, algorithms, maximumOctets }: CrlExpectations,
): CrlParts | undefined {
  // A number may take more octets in the table than in the list, though never twice as many as its entry.
  const parts = readCrlIndex(directory, subject, maximumOctets * 2);
  return parts !== undefined && isSignedByAuthority(new Crl(parts), issuers, algorithms) ? parts : undefined;
}

function octetsOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? readFileSync(content) : content;
}

/** A file is hashed in parts: while the index is kept, the list itself need not be in memory. */
function sha256Of(content: string | Uint8Array): string {
  const hash = createHash('sha256');
  if (typeof content !== 'string') return hash.update(content).digest('hex');
  const file = openSync(content, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_OCTETS);
    for (let octets = readSync(file, chunk); octets > 0; octets = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, octets));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
