/**
 * Reads the entries of a CRL's revokedCertificates (RFC 5280 5.1.2.6, 5.3) one after the other, without an allocation
 * per entry: a CRL of a state has millions of them.
 *
 * Every octet is checked on the way: one entry that is not well-formed, or that carries a critical extension which
 * this program does not process, makes the whole CRL unusable (5.3), for any entry and not only for the one looked up.
 */
import { RevocationError } from '../errors.ts';
import { checkInteger, DerCursor, DerError, TAG } from './der.ts';
import { decodeTime, type Instant } from './der-time.ts';
import { REASON_CODE_REMOVE_FROM_CRL, revocationReason } from './revocation-reason.ts';

/** Last arc of 2.5.29.n, the arc of the certificate and CRL extensions. */
const CE_REASON_CODE = 21;
const CE_HOLD_INSTRUCTION_CODE = 23;
const CE_INVALIDITY_DATE = 24;
const CE_CERTIFICATE_ISSUER = 29;

/**
 * RFC 5280 5.1.2.6 with 4.1.2.2 allows 20 octets. Some authorities wrote one or two more; beyond this limit a serial
 * number is taken for an attempt to exhaust memory.
 */
export const MAXIMUM_SERIAL_OCTETS = 32;

/** No reason code extension. */
export const REASON_ABSENT = 0xff;

export interface EntryRules {
  /** False in a version 1 CRL, where an entry has no extensions. */
  readonly extensions: boolean;
  /** True when the issuing distribution point says indirectCRL: only then may an entry name a certificate issuer. */
  readonly indirect: boolean;
  /** True in a delta CRL: only there does removeFromCRL have a meaning (5.3.1). */
  readonly delta: boolean;
}

/** The reader is its own result: after `readAt`, the fields describe the entry that was read. */
export class CrlEntryReader {
  /** Content octets of userCertificate. */
  serialStart = 0;
  serialEnd = 0;
  revocationDate: Instant = 0;
  /** CRLReason, or REASON_ABSENT. */
  reasonCode = REASON_ABSENT;
  /** The GeneralNames of certificateIssuer; both zero when the entry has none. */
  issuerStart = 0;
  issuerEnd = 0;

  readonly #cursor: DerCursor;
  readonly #rules: EntryRules;

  constructor(der: Uint8Array, end: number, rules: EntryRules) {
    this.#cursor = new DerCursor(der, 0, end);
    this.#rules = rules;
  }

  /**
   * Reads the entry that starts at `offset`; returns where the next one starts.
   * @throws DerError; RevocationError CRL_CRITICAL_EXTENSION_UNKNOWN
   */
  readAt(offset: number): number {
    const cursor = this.#cursor;
    const entryEnd = this.#open(TAG.SEQUENCE, offset, cursor.end);

    this.serialEnd = this.#open(TAG.INTEGER, cursor.contentStart, entryEnd);
    this.serialStart = cursor.contentStart;
    checkInteger(cursor);
    if (this.serialEnd - this.serialStart > MAXIMUM_SERIAL_OCTETS) throw new DerError('serial number too long', offset);

    const tag = cursor.nextTag === TAG.GENERALIZED_TIME ? TAG.GENERALIZED_TIME : TAG.UTC_TIME;
    const timeEnd = this.#open(tag, this.serialEnd, entryEnd);
    this.revocationDate = decodeTime(cursor.bytes, cursor.contentStart, timeEnd, tag);

    this.reasonCode = REASON_ABSENT;
    this.issuerStart = 0;
    this.issuerEnd = 0;
    if (timeEnd !== entryEnd) this.#readExtensions(timeEnd, entryEnd);
    return entryEnd;
  }

  /** Opens the element at `offset`, which must be of this type and end inside `limit`; returns where its contents end. */
  #open(tag: number, offset: number, limit: number): number {
    const cursor = this.#cursor;
    if (offset >= limit) throw new DerError('element is missing', offset);
    cursor.position = offset;
    cursor.expect(tag);
    if (cursor.contentEnd > limit) throw new DerError('element is longer than what encloses it', offset);
    return cursor.contentEnd;
  }

  /** The same, where nothing may follow inside `limit`. */
  #openLast(tag: number, offset: number, limit: number): void {
    if (this.#open(tag, offset, limit) !== limit) throw new DerError('trailing data', this.#cursor.contentEnd);
  }

  #readExtensions(offset: number, entryEnd: number): void {
    if (!this.#rules.extensions) throw new DerError('extensions in an entry of a version 1 CRL', offset);
    this.#openLast(TAG.SEQUENCE, offset, entryEnd);
    let next = this.#cursor.contentStart;
    if (next === entryEnd) throw new DerError('extensions without an extension', offset);
    let seen = 0;
    while (next < entryEnd) {
      const end = this.#open(TAG.SEQUENCE, next, entryEnd);
      const bit = this.#readExtension(this.#cursor.contentStart, end);
      if ((seen & bit) !== 0) throw new DerError('repeated extension', next);
      seen |= bit;
      next = end;
    }
  }

  /** Returns a bit of its own for each known extension, 0 for an unknown one. */
  #readExtension(start: number, end: number): number {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const oidEnd = this.#open(TAG.OBJECT_IDENTIFIER, start, end);
    const oid = cursor.contentStart;
    const ofCertificateExtensions = oidEnd - oid === 3 && bytes[oid] === 0x55 && bytes[oid + 1] === 0x1d;
    const arc = ofCertificateExtensions ? (bytes[oid + 2] ?? 0) : 0;

    let offset = oidEnd;
    let critical = false;
    if (cursor.nextTag === TAG.BOOLEAN) {
      critical = cursor.boolean();
      // FALSE is the default, which DER does not write (X.690 11.5).
      if (!critical) throw new DerError('default value is encoded', offset);
      offset = cursor.contentEnd;
    }
    this.#openLast(TAG.OCTET_STRING, offset, end);
    const value = cursor.contentStart;

    switch (arc) {
      case CE_REASON_CODE:
        this.#openLast(TAG.ENUMERATED, value, end);
        this.#readReason();
        break;
      case CE_INVALIDITY_DATE:
        // The date itself decides nothing (5.3.2): a certificate is revoked from the moment that the CRL says so.
        this.#openLast(TAG.GENERALIZED_TIME, value, end);
        decodeTime(bytes, cursor.contentStart, end, TAG.GENERALIZED_TIME);
        break;
      case CE_CERTIFICATE_ISSUER:
        this.#openLast(TAG.SEQUENCE, value, end);
        if (!this.#rules.indirect) throw new DerError('certificate issuer in a CRL that is not indirect', value);
        this.issuerStart = value;
        this.issuerEnd = end;
        break;
      case CE_HOLD_INSTRUCTION_CODE:
        // Of RFC 3280 5.3.2, withdrawn by RFC 5280: tolerated when it demands nothing.
        if (critical) throw criticalUnknown();
        break;
      default:
        if (critical) throw criticalUnknown();
        return 0;
    }
    return 1 << (arc - CE_REASON_CODE);
  }

  #readReason(): void {
    const { bytes, contentStart, contentEnd } = this.#cursor;
    const code = bytes[contentStart] ?? REASON_ABSENT;
    if (contentEnd - contentStart !== 1 || revocationReason(code) === undefined) {
      throw new DerError('reason code is not one of CRLReason', contentStart);
    }
    if (code === REASON_CODE_REMOVE_FROM_CRL && !this.#rules.delta) {
      throw new DerError('removeFromCRL outside a delta CRL', contentStart);
    }
    this.reasonCode = code;
  }
}

function criticalUnknown(): RevocationError {
  return new RevocationError(
    'CRL_CRITICAL_EXTENSION_UNKNOWN',
    'a CRL entry has a critical extension that is not processed',
    {
      detail: { clause: '5.3' },
    },
  );
}
