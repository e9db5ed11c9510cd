/**
 * A strict reader of DER (X.690 sections 8, 10, 11): the only way in which this room looks at octets from outside.
 *
 * A cursor walks one level of an encoding without copying and without recursion, so that no nesting depth can exhaust
 * the stack, and without an allocation per element, so that it also walks a CRL of millions of entries: `next()` then
 * `contentStart`/`contentEnd`, and `within()` or a set `position` to descend. What X.690 allows in BER only (indefinite
 * or padded lengths, padded integers, other booleans than 00 and FF) is refused, because two encodings of one
 * certificate would be two certificates to whoever compares hashes.
 */

/** Not well-formed DER. Stays in this room: each parser turns it into its own code (CERT_MALFORMED, CRL_MALFORMED...). */
export class DerError extends Error {
  readonly offset: number;

  constructor(rule: string, offset: number) {
    super(`${rule} at octet ${offset}`);
    this.name = 'DerError';
    this.offset = offset;
  }
}

/** Identifier octets (X.690 8.1.2). `CONTEXT` and `CONTEXT_CONSTRUCTED` are added to a context-specific tag number. */
export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  VISIBLE_STRING: 0x1a,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
  CONTEXT: 0x80,
  CONTEXT_CONSTRUCTED: 0xa0,
} as const;

/** A BIT STRING: `bytes` without the leading octet that counts the unused bits. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly unusedBits: number;
}

export class DerCursor {
  readonly bytes: Uint8Array;
  /** Where the next element starts; may be set to `contentStart` to descend in place. */
  position: number;
  /** Where this level ends. */
  readonly end: number;
  /** Of the element that was read last: its identifier octet, and where it, its contents and it end. */
  tag = -1;
  elementStart = 0;
  contentStart = 0;
  contentEnd = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  /** The identifier octet of the next element, or -1 at the end. */
  get nextTag(): number {
    return this.position < this.end ? (this.bytes[this.position] ?? -1) : -1;
  }

  /** Reads the header of the next element and steps over its contents; false at the end of this level. */
  next(): boolean {
    const { bytes, end } = this;
    let position = this.position;
    if (position >= end) return false;
    this.elementStart = position;
    const tag = bytes[position++] ?? 0;
    // No type of X.509 has a tag number above 30 (X.690 8.1.2.4).
    if ((tag & 0x1f) === 0x1f) throw new DerError('tag number in the high form', this.elementStart);
    if (tag === 0) throw new DerError('end-of-contents octets', this.elementStart);
    if (position >= end) throw new DerError('length is missing', position);
    let length = bytes[position++] ?? 0;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) throw new DerError('indefinite length', position - 1);
      // Four octets reach 4 GiB: more than any object here may have.
      if (octets > 4) throw new DerError('length of more than four octets', position - 1);
      if (position + octets > end) throw new DerError('length is cut off', position);
      length = 0;
      for (let index = 0; index < octets; index += 1) length = length * 256 + (bytes[position++] ?? 0);
      const minimum = octets === 1 ? 0x80 : 2 ** (8 * (octets - 1));
      if (length < minimum) throw new DerError('length is not minimal', position - octets);
    }
    if (length > end - position) throw new DerError('element is longer than what encloses it', this.elementStart);
    this.tag = tag;
    this.contentStart = position;
    this.contentEnd = position + length;
    this.position = this.contentEnd;
    return true;
  }

  /** Reads the next element, which must have this identifier octet. */
  expect(tag: number): void {
    const start = this.position;
    if (!this.next()) throw new DerError('element is missing', start);
    if (this.tag !== tag) throw new DerError('unexpected tag', start);
  }

  /** Nothing may follow. */
  expectEnd(): void {
    if (this.position !== this.end) throw new DerError('trailing data', this.position);
  }

  /** A cursor over the contents of the element that was read last. */
  within(): DerCursor {
    return new DerCursor(this.bytes, this.contentStart, this.contentEnd);
  }

  /** The contents of the element that was read last, not copied. */
  get content(): Uint8Array {
    return this.bytes.subarray(this.contentStart, this.contentEnd);
  }

  /** The whole element that was read last, not copied. */
  get element(): Uint8Array {
    return this.bytes.subarray(this.elementStart, this.contentEnd);
  }

  /** Enters the next element, which must have this identifier octet. */
  enter(tag: number): DerCursor {
    this.expect(tag);
    return this.within();
  }

  /** Enters the next element when it has this identifier octet; undefined, and nothing read, when it has not. */
  enterOptional(tag: number): DerCursor | undefined {
    return this.nextTag === tag ? this.enter(tag) : undefined;
  }

  sequence(): DerCursor {
    return this.enter(TAG.SEQUENCE);
  }

  set(): DerCursor {
    return this.enter(TAG.SET);
  }

  /** The next element, whatever its type, not copied. */
  any(): Uint8Array {
    if (!this.next()) throw new DerError('element is missing', this.position);
    if (!hasDerForm(this.tag)) throw new DerError('type in a form that DER does not allow', this.elementStart);
    return this.element;
  }

  octetString(tag: number = TAG.OCTET_STRING): Uint8Array {
    this.expect(tag);
    return this.content;
  }

  /** X.690 8.3.2, 10.2: the contents octets of a minimal INTEGER, in two's complement. */
  integer(tag: number = TAG.INTEGER): Uint8Array {
    this.expect(tag);
    checkInteger(this);
    return this.content;
  }

  /** A non-negative INTEGER up to `maximum`. */
  smallInteger(maximum: number, tag: number = TAG.INTEGER): number {
    const octets = this.integer(tag);
    if ((octets[0] ?? 0) >= 0x80) throw new DerError('negative number', this.contentStart);
    let value = 0;
    for (const octet of octets) {
      value = value * 256 + octet;
      if (value > maximum) throw new DerError('number out of range', this.contentStart);
    }
    return value;
  }

  /** X.690 11.1 */
  boolean(tag: number = TAG.BOOLEAN): boolean {
    this.expect(tag);
    const octet = this.bytes[this.contentStart];
    if (this.contentEnd - this.contentStart !== 1 || (octet !== 0x00 && octet !== 0xff)) {
      throw new DerError('BOOLEAN is neither 00 nor FF', this.contentStart);
    }
    return octet === 0xff;
  }

  null(): void {
    this.expect(TAG.NULL);
    if (this.contentEnd !== this.contentStart) throw new DerError('NULL with contents', this.contentStart);
  }

  /** X.690 8.6.2, 11.2.1: the unused bits are zero. */
  bitString(tag: number = TAG.BIT_STRING): BitString {
    this.expect(tag);
    const unusedBits = this.bytes[this.contentStart];
    if (this.contentEnd === this.contentStart || unusedBits === undefined || unusedBits > 7) {
      throw new DerError('BIT STRING without a count of unused bits', this.contentStart);
    }
    const bytes = this.bytes.subarray(this.contentStart + 1, this.contentEnd);
    const last = bytes[bytes.length - 1];
    if (last === undefined ? unusedBits !== 0 : (last & ((1 << unusedBits) - 1)) !== 0) {
      throw new DerError('unused bits of a BIT STRING are not zero', this.contentStart);
    }
    return { bytes, unusedBits };
  }

  /** Dotted decimal. */
  objectIdentifier(tag: number = TAG.OBJECT_IDENTIFIER): string {
    this.expect(tag);
    return decodeObjectIdentifier(this.bytes, this.contentStart, this.contentEnd);
  }
}

const CONSTRUCTED = 0x20;
/** EXTERNAL, EMBEDDED PDV, SEQUENCE and SET: of the universal types, those that have parts (X.690 8.9 to 8.12, 8.17, 8.18). */
const CONSTRUCTED_TYPES: readonly number[] = [8, 11, 16, 17];

/** X.690 10.2: a string is never in parts; 8.9, 8.11: a sequence or a set always is. Of other classes, any form may be. */
function hasDerForm(tag: number): boolean {
  if (tag >= 0x40) return true;
  return CONSTRUCTED_TYPES.includes(tag & 0x1f) === ((tag & CONSTRUCTED) !== 0);
}

/** X.690 8.3.2: the first nine bits of the INTEGER that was read last are not all equal. */
export function checkInteger({ bytes, contentStart, contentEnd }: DerCursor): void {
  if (contentEnd === contentStart) throw new DerError('INTEGER without contents', contentStart);
  if (contentEnd - contentStart === 1) return;
  const first = bytes[contentStart];
  const second = bytes[contentStart + 1] ?? 0;
  if ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)) {
    throw new DerError('INTEGER is not minimal', contentStart);
  }
}

const LARGEST_EXACT_ARC = 2 ** 46;

/** X.690 8.19: subidentifiers of base 128, each minimal. Arcs beyond 2^53 occur (2.25, UUIDs). */
function decodeObjectIdentifier(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) throw new DerError('OBJECT IDENTIFIER without contents', start);
  if (((bytes[end - 1] ?? 0) & 0x80) !== 0) throw new DerError('OBJECT IDENTIFIER is cut off', end);
  let text = '';
  let position = start;
  while (position < end) {
    if (bytes[position] === 0x80) throw new DerError('subidentifier is not minimal', position);
    let value: number | bigint = 0;
    for (;;) {
      const octet: number = bytes[position++] ?? 0;
      if (typeof value === 'number' && value >= LARGEST_EXACT_ARC) value = BigInt(value);
      value = typeof value === 'bigint' ? value * 128n + BigInt(octet & 0x7f) : value * 128 + (octet & 0x7f);
      if ((octet & 0x80) === 0) break;
    }
    if (text !== '') text += `.${value}`;
    else if (value < 40) text = `0.${value}`;
    else if (value < 80) text = `1.${Number(value) - 40}`;
    else text = `2.${typeof value === 'bigint' ? value - 80n : value - 80}`;
  }
  return text;
}

/** A cursor over exactly one encoding: the whole of `bytes` is one element with this identifier octet. */
export function enterWhole(bytes: Uint8Array, tag: number = TAG.SEQUENCE): DerCursor {
  const outer = new DerCursor(bytes);
  const inner = outer.enter(tag);
  outer.expectEnd();
  return inner;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
