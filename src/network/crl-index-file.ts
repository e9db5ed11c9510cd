/**
 * What is kept on disk of a large CRL that was verified and indexed, so that neither the next start nor another process
 * verifies and sorts it again.
 *
 * Trusted here: the key, and nothing else. Who can write this folder can write the store beside it, and is trusted with
 * that; yet an index that nobody signed would let somebody without the keys declare every card good. So a file counts
 * only with an HMAC under the key of the caller over all of it, and only for the CRL whose hash it names: one that was
 * truncated, altered, put in the place of another or written by an older version is as good as absent. Whether a key that
 * verified the CRL is still trusted is for `read-kept-crl.ts`.
 *
 * Layout: format line, length of the description (4 octets), description (JSON), table of `revocation-index.ts`, HMAC.
 */
import { createHash, createHmac, type Hmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { CrlParts } from '../pki/crl.ts';

export interface CrlIndexDirectory {
  /** Made when absent, for this account alone. */
  readonly path: string;
  /** Secret, of at least 32 octets, and for this purpose alone. */
  readonly key: KeyObject;
}

/** One CRL at one place. */
export interface CrlIndexSubject {
  /** The path or address that the CRL comes from. */
  readonly source: string;
  /** Of the octets as they came, DER or PEM, hexadecimal. */
  readonly contentSha256: string;
}

/** Raised whenever the reading of CRLs becomes stricter, or the layout changes: older files are then made anew. */
const FORMAT = Buffer.from('thiqa crl index 1\n');
const SUFFIX = '.index';
const PLACE_DIGITS = 16;
const LENGTH_OCTETS = 4;
const HMAC_OCTETS = 32;
/** More places than a service has CRLs of this size: what is beyond was of places that are configured no more. */
const MOST_INDEXES = 32;

/** CrlParts but for the octets of the table; octets in base64. */
interface Description extends Pick<CrlParts, 'sha256' | 'verifications'> {
  readonly contentSha256: string;
  readonly head: string;
  readonly extensions: string;
  readonly signature: string;
  readonly count: number;
  readonly serialOctets: number;
  readonly indirect: boolean;
  readonly certificateIssuers: readonly string[];
}

/**
 * @param maximumOctets a larger file is left alone
 * @returns undefined when there is no index that can be relied on, whatever the reason: it is then made anew
 */
export function readCrlIndex(
  { path, key }: CrlIndexDirectory,
  subject: CrlIndexSubject,
  maximumOctets: number,
): CrlParts | undefined {
  let file: number;
  try {
    file = openSync(join(path, nameOf(subject)), 'r');
  } catch {
    return undefined; // There is none, or none that can be read.
  }
  try {
    const octets = fstatSync(file).size;
    return octets > maximumOctets ? undefined : readWhole(file, octets, key, subject);
  } catch {
    return undefined; // The octets are not those of an index.
  } finally {
    closeSync(file);
  }
}

/**
 * Takes its place in one step, and the place of what was kept of older CRLs from there. Not forced to the disk: what a
 * loss of power leaves half written does not count.
 *
 * For one writer at a time (`crl-index-lock.ts`); with more, what they wrote does not count.
 * @throws the file system's error
 */
export function writeCrlIndex({ path, key }: CrlIndexDirectory, subject: CrlIndexSubject, parts: CrlParts): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const temporary = join(path, `${placeOf(subject)}.new`);
  rmSync(temporary, { force: true });
  // `wx`: never through a link to elsewhere.
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeWhole(file, key, describe(subject, parts), parts.table.table);
    renameSync(temporary, join(path, nameOf(subject)));
  } catch (error) {
    // A full disk is not kept full.
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  removeOthers(path, subject);
}

function writeWhole(file: number, key: KeyObject, description: Description, table: SharedArrayBuffer): void {
  const hmac = createHmac('sha256', key);
  const json = Buffer.from(JSON.stringify(description));
  const length = Buffer.alloc(LENGTH_OCTETS);
  length.writeUInt32BE(json.length);
  for (const part of [FORMAT, length, json, new Uint8Array(table)]) {
    hmac.update(part);
    writeFileSync(file, part);
  }
  writeFileSync(file, hmac.digest());
}

/** What the files of a place begin with. */
export function placeOf({ source }: Pick<CrlIndexSubject, 'source'>): string {
  return createHash('sha256').update(source).digest('hex').slice(0, PLACE_DIGITS);
}

function nameOf(subject: CrlIndexSubject): string {
  return `${placeOf(subject)}-${subject.contentSha256}${SUFFIX}`;
}

function readWhole(file: number, octets: number, key: KeyObject, subject: CrlIndexSubject): CrlParts | undefined {
  const hmac = createHmac('sha256', key);
  const start = readInto(file, Buffer.alloc(FORMAT.length + LENGTH_OCTETS), hmac);
  if (!start.subarray(0, FORMAT.length).equals(FORMAT)) return undefined;
  const descriptionOctets = start.readUInt32BE(FORMAT.length);
  const tableOctets = octets - start.length - descriptionOctets - HMAC_OCTETS;
  if (tableOctets < 0) return undefined;
  const json = readInto(file, Buffer.alloc(descriptionOctets), hmac);
  const table = new SharedArrayBuffer(tableOctets);
  readInto(file, new Uint8Array(table), hmac);
  const expected = hmac.digest();
  if (!timingSafeEqual(readInto(file, Buffer.alloc(HMAC_OCTETS)), expected)) return undefined;
  // From here on it is what `writeCrlIndex` wrote: in this format, under this key.
  const description = JSON.parse(json.toString('utf8')) as Description;
  if (description.contentSha256 !== subject.contentSha256) return undefined;
  return partsOf(description, table, subject.source);
}

/** Fills the target, or throws: the file may have been cut short since. */
function readInto<T extends Uint8Array>(file: number, target: T, hmac?: Hmac): T {
  if (readSync(file, target) !== target.length) throw new RangeError('the file ends early');
  hmac?.update(target);
  return target;
}

function describe({ contentSha256 }: CrlIndexSubject, parts: CrlParts): Description {
  const { sha256, verifications, head, extensions, signature, table } = parts;
  const { count, serialOctets, indirect, certificateIssuers } = table;
  return {
    contentSha256,
    sha256,
    verifications,
    head: base64(head),
    extensions: base64(extensions),
    signature: base64(signature),
    count,
    serialOctets,
    indirect,
    certificateIssuers: certificateIssuers.map(base64),
  };
}

function partsOf(description: Description, table: SharedArrayBuffer, source: string): CrlParts {
  const { sha256, verifications, head, extensions, signature, ...itsTable } = description;
  const { count, serialOctets, indirect, certificateIssuers } = itsTable;
  return {
    source,
    sha256,
    head: octetsOf(head),
    extensions: octetsOf(extensions),
    signature: octetsOf(signature),
    table: { table, count, serialOctets, indirect, certificateIssuers: certificateIssuers.map(octetsOf) },
    verifications,
  };
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}

/** A copy of its own, which goes to another thread without what lies beside it. */
function octetsOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** One index for a place, and a bounded number of places: those that were written last. */
function removeOthers(path: string, subject: CrlIndexSubject): void {
  const names = readdirSync(path);
  const remove = (name: string): void => rmSync(join(path, name), { force: true });
  const others = names.filter((name) => name.endsWith(SUFFIX) && name !== nameOf(subject));
  const isReplaced = (name: string): boolean => name.startsWith(placeOf(subject));
  for (const name of others.filter(isReplaced)) remove(name);
  const kept = others
    .filter((name) => !isReplaced(name))
    .map((name) => ({ name, writtenAt: statSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((one, other) => other.writtenAt - one.writtenAt);
  for (const { name } of kept.slice(MOST_INDEXES - 1)) {
    const place = name.slice(0, PLACE_DIGITS);
    for (const its of names) if (its.startsWith(place)) remove(its);
  }
}
