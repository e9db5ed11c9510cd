/**
 * The entries of a CRL as a compact table, sorted by serial number and searched in O(log n): a record of fixed width
 * per entry, all of them in one SharedArrayBuffer, so that a worker can build it and hand it over without a copy.
 *
 * Record: serial number (two's complement, sign-extended to the width of the longest in the CRL, which keeps different
 * numbers different), revocation date (5 octets, seconds from year 0), reason code (1 octet), and in an indirect CRL
 * the ordinal of the certificate issuer (4 octets).
 */
import { RevocationError } from '../errors.ts';
import { CrlEntryReader, type EntryRules, MAXIMUM_SERIAL_OCTETS, REASON_ABSENT } from './crl-entry-reader.ts';
import { DerCursor, TAG } from './der.ts';
import { type RecordKeys, RecordOrder } from './record-order.ts';
import { type RevocationReason, revocationReason } from './revocation-reason.ts';

const DATE_OCTETS = 5;
const REASON_OCTETS = 1;
const ISSUER_OCTETS = 4;
/** Dates are written as seconds from 0000-01-01T00:00:00Z, so that every date of the standard is a positive number. */
const SECONDS_FROM_YEAR_0_TO_1970 = 62_167_219_200;

/** One entry as found. */
export interface RevokedEntry {
  readonly reason: RevocationReason;
  readonly revocationDate: Date;
}

/** Plain data that structured clone carries between threads; `table` is shared, not copied. */
export interface RevocationTable {
  readonly table: SharedArrayBuffer;
  readonly count: number;
  readonly serialOctets: number;
  readonly indirect: boolean;
  /** The distinct certificateIssuer values (DER of GeneralNames); ordinal n of a record is element n - 1. */
  readonly certificateIssuers: readonly Uint8Array[];
}

/** Ordinal of the CRL's own issuer: the certificate issuer until an entry names another (RFC 5280 5.3.3). */
export const ORDINAL_OF_CRL_ISSUER = 0;

/**
 * Builds the table from the content octets of revokedCertificates, `der[start..end)`: measured first, then read and
 * checked in the order of the list, then written in the order of the serial numbers. Beside the list and the table only
 * that order takes memory.
 * @throws DerError; RevocationError CRL_CRITICAL_EXTENSION_UNKNOWN
 */
export function buildRevocationTable(der: Uint8Array, start: number, end: number, rules: EntryRules): RevocationTable {
  const { count, serialOctets } = measure(der, start, end);
  const reader = new CrlEntryReader(der, end, rules);
  const order = new RecordOrder(count);
  const issuers = new CertificateIssuers(der);
  for (let offset = start, place = 0; offset < end; place++) {
    order.put(place, offset);
    const next = reader.readAt(offset);
    if (reader.issuerEnd !== 0) issuers.change(offset, reader.issuerStart, reader.issuerEnd);
    offset = next;
  }
  order.sort(new SerialNumbers(der, serialOctets));

  const table = new SharedArrayBuffer(count * widthOf(serialOctets, rules.indirect));
  const octets = new Uint8Array(table);
  const view = new DataView(table);
  for (let place = 0, at = 0; place < count; place++) {
    if (place % FETCHED_AHEAD === 0) fetchAhead(der, order, place, Math.min(place + FETCHED_AHEAD, count));
    const offset = order.recordAt(place);
    reader.readAt(offset);
    const padding = serialOctets - (reader.serialEnd - reader.serialStart);
    const sign = (der[reader.serialStart] ?? 0) >= 0x80 ? 0xff : 0;
    for (let i = 0; i < padding; i++) octets[at++] = sign;
    for (let i = reader.serialStart; i < reader.serialEnd; i++) octets[at++] = der[i] ?? 0;
    const seconds = reader.revocationDate / 1000 + SECONDS_FROM_YEAR_0_TO_1970;
    view.setUint8(at, Math.floor(seconds / 2 ** 32));
    view.setUint32(at + 1, seconds % 2 ** 32);
    view.setUint8(at + DATE_OCTETS, reader.reasonCode);
    at += DATE_OCTETS + REASON_OCTETS;
    if (rules.indirect) {
      view.setUint32(at, issuers.ordinalAt(offset));
      at += ISSUER_OCTETS;
    }
  }
  return { table, count, serialOctets, indirect: rules.indirect, certificateIssuers: issuers.values };
}

/** Entries in the order of their serial numbers lie anywhere in the list: fetched one by one, each waits for the memory. */
const FETCHED_AHEAD = 64;

/** Looks at one octet of each entry, so that the memory brings all of them at once. */
function fetchAhead(der: Uint8Array, order: RecordOrder, from: number, to: number): void {
  for (let place = from; place < to; place++) {
    // Always so, as the entries were read before; an octet that nothing depends on would not be looked at.
    if (der[order.recordAt(place)] !== TAG.SEQUENCE) throw new TypeError('the CRL was changed while it was read');
  }
}

/** The serial numbers at the width of the table, by where their entries start; of entries that were read before. */
class SerialNumbers implements RecordKeys {
  readonly octets: number;
  readonly #der: Uint8Array;

  constructor(der: Uint8Array, octets: number) {
    this.#der = der;
    this.octets = octets;
  }

  octetAt(entry: number, index: number): number {
    const der = this.#der;
    const length = der[entry + 1] ?? 0;
    const integer = entry + (length < 0x80 ? 2 : 2 + (length & 0x7f));
    // At most MAXIMUM_SERIAL_OCTETS, so the length is one octet.
    const padding = this.octets - (der[integer + 1] ?? 0);
    if (index >= padding) return der[integer + 2 + index - padding] ?? 0;
    return (der[integer + 2] ?? 0) >= 0x80 ? 0xff : 0;
  }
}

/** RFC 5280 5.3.3: the certificate issuer that an entry names is that of the entries after it too. */
class CertificateIssuers {
  readonly values: Uint8Array[] = [];
  readonly #der: Uint8Array;
  readonly #ordinals = new Map<string, number>();
  /** Where entries start that name another issuer than those before, and the ordinals from there on. */
  readonly #changes: number[] = [];
  readonly #current: number[] = [];

  constructor(der: Uint8Array) {
    this.#der = der;
  }

  change(entry: number, start: number, end: number): void {
    const value = this.#der.slice(start, end);
    const key = Buffer.from(value).toString('latin1');
    const ordinal = this.#ordinals.get(key) ?? this.values.push(value);
    this.#ordinals.set(key, ordinal);
    if (ordinal === this.#current.at(-1)) return;
    this.#changes.push(entry);
    this.#current.push(ordinal);
  }

  ordinalAt(entry: number): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle] ?? 0) <= entry) low = middle + 1;
      else high = middle;
    }
    return this.#current[low - 1] ?? ORDINAL_OF_CRL_ISSUER;
  }
}

/** The number of entries and the length of the longest serial number. */
function measure(
  der: Uint8Array,
  start: number,
  end: number,
): { readonly count: number; readonly serialOctets: number } {
  const entries = new DerCursor(der, start, end);
  let count = 0;
  let serialOctets = 1;
  for (; entries.next(); count++) {
    const { contentStart, contentEnd } = entries;
    // Of what is no INTEGER of a lawful length, the reader will say so.
    const length = contentStart + 1 < contentEnd ? (der[contentStart + 1] ?? 0) : 0;
    if (length <= MAXIMUM_SERIAL_OCTETS && length > serialOctets) serialOctets = length;
  }
  return { count, serialOctets };
}

function widthOf(serialOctets: number, indirect: boolean): number {
  return serialOctets + DATE_OCTETS + REASON_OCTETS + (indirect ? ISSUER_OCTETS : 0);
}

/** Searches a table. Immutable; safe to share between threads. */
export class RevocationIndex {
  readonly table: RevocationTable;
  readonly #octets: Uint8Array;
  readonly #width: number;

  constructor(table: RevocationTable) {
    this.table = table;
    this.#octets = new Uint8Array(table.table);
    this.#width = widthOf(table.serialOctets, table.indirect);
    if (this.#octets.length !== this.#width * table.count) throw new TypeError('the table does not have its length');
  }

  get count(): number {
    return this.table.count;
  }

  /**
   * Every entry for a serial number (content octets of the INTEGER) under one of the given certificate issuers. An
   * authority lists a certificate once; a list that does otherwise is answered in full, for the caller to take the worst.
   */
  find(serial: Uint8Array, issuerOrdinals: readonly number[] = [ORDINAL_OF_CRL_ISSUER]): readonly RevokedEntry[] {
    const key = this.#key(serial);
    if (key === undefined) return [];
    let low = 0;
    let high = this.table.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, key) < 0) low = middle + 1;
      else high = middle;
    }
    const found: RevokedEntry[] = [];
    for (; low < this.table.count && this.#compare(low, key) === 0; low++) {
      if (issuerOrdinals.includes(this.#issuerOrdinal(low))) found.push(this.#entry(low));
    }
    return found;
  }

  /** The number at the width of the table; undefined when it needs more octets than any number in the table. */
  #key(serial: Uint8Array): Uint8Array | undefined {
    const width = this.table.serialOctets;
    const sign = (serial[0] ?? 0) >= 0x80 ? 0xff : 0;
    const excess = serial.length - width;
    for (let i = 0; i < excess; i++) if (serial[i] !== sign) return undefined;
    if (excess > 0 && ((serial[excess] ?? 0) >= 0x80 ? 0xff : 0) !== sign) return undefined;
    const key = new Uint8Array(width).fill(sign);
    const digits = excess > 0 ? serial.subarray(excess) : serial;
    key.set(digits, width - digits.length);
    return key;
  }

  #compare(position: number, key: Uint8Array): number {
    const start = position * this.#width;
    for (let i = 0; i < key.length; i++) {
      const difference = (this.#octets[start + i] ?? 0) - (key[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #number(offset: number, octets: number): number {
    let value = 0;
    for (let i = 0; i < octets; i++) value = value * 256 + (this.#octets[offset + i] ?? 0);
    return value;
  }

  #issuerOrdinal(position: number): number {
    if (!this.table.indirect) return ORDINAL_OF_CRL_ISSUER;
    return this.#number((position + 1) * this.#width - ISSUER_OCTETS, ISSUER_OCTETS);
  }

  #entry(position: number): RevokedEntry {
    const offset = position * this.#width + this.table.serialOctets;
    const code = this.#number(offset + DATE_OCTETS, REASON_OCTETS);
    const reason = code === REASON_ABSENT ? 'unspecified' : revocationReason(code);
    // Cannot happen to a table that was built here: the reader refuses other codes.
    if (reason === undefined) throw new RevocationError('CRL_MALFORMED', 'the index holds an unassigned reason code');
    const seconds = this.#number(offset, DATE_OCTETS) - SECONDS_FROM_YEAR_0_TO_1970;
    return { reason, revocationDate: new Date(seconds * 1000) };
  }
}
