/**
 * Writes DER (X.690): OCSP requests, keys in another form, and all that the demonstration and test authorities mint.
 *
 * It encodes exactly what it is told: a certificate with one precise fault cannot be had from a library that refuses to
 * write it.
 */

const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/** One element: identifier octet, definite length in its shortest form, contents. */
export function element(identifier: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(identifier), encodeLength(body.length), body]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.of(0x80 | octets.length, ...octets);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(0x30, ...items);
}

/** SET OF: X.690 11.6 wants the encodings in ascending order. */
export function setOf(...items: readonly Uint8Array[]): Buffer {
  return element(0x31, ...[...items].sort(Buffer.compare));
}

/** `[number] EXPLICIT`. */
export function explicit(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return element(CONTEXT | CONSTRUCTED | number, ...contents);
}

/** `[number] IMPLICIT` of an element already encoded: only the tag is replaced, the constructed bit is kept. */
export function implicit(number: number, encoded: Uint8Array): Buffer {
  const copy = Buffer.from(encoded);
  copy[0] = CONTEXT | ((copy[0] ?? 0) & CONSTRUCTED) | number;
  return copy;
}

export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.of(value ? 0xff : 0x00));
}

/** INTEGER in its shortest form. */
export function integer(value: number | bigint): Buffer {
  return element(0x02, integerContents(BigInt(value)));
}

/** INTEGER whose two's complement contents are given as they are. */
export function integerOf(contents: Uint8Array): Buffer {
  return element(0x02, contents);
}

export function enumerated(value: number): Buffer {
  return element(0x0a, integerContents(BigInt(value)));
}

function integerContents(value: bigint): Buffer {
  let octets = 1;
  while (BigInt.asIntN(octets * 8, value) !== value) octets += 1;
  const hex = BigInt.asUintN(octets * 8, value).toString(16);
  return Buffer.from(hex.padStart(octets * 2, '0'), 'hex');
}

export function nullValue(): Buffer {
  return element(0x05);
}

export function octetString(contents: Uint8Array): Buffer {
  return element(0x04, contents);
}

export function bitString(contents: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.of(unusedBits), contents);
}

/** A BIT STRING of named bits (X.690 11.2.2): trailing zero bits are left out. */
export function namedBits(bits: Iterable<number>): Buffer {
  const set = [...bits];
  if (set.length === 0) return bitString(Buffer.alloc(0));
  const highest = Math.max(...set);
  const contents = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const bit of set) {
    const at = Math.floor(bit / 8);
    contents[at] = (contents[at] ?? 0) | (0x80 >> (bit % 8));
  }
  return bitString(contents, 7 - (highest % 8));
}

/** OBJECT IDENTIFIER from dotted decimal; the arcs of 2 may be above 39 (2.999 is the arc for examples). */
export function objectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(BigInt);
  if (first === undefined || second === undefined) throw new TypeError('an object identifier has at least two arcs');
  return element(0x06, ...[first * 40n + second, ...rest].map(base128));
}

function base128(arc: bigint): Buffer {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return Buffer.from(octets);
}

export type StringEncoding = 'utf8' | 'printable' | 'ia5' | 'teletex' | 'bmp' | 'universal';

const STRING_TAGS: Readonly<Record<StringEncoding, number>> = {
  utf8: 0x0c,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  universal: 0x1c,
  bmp: 0x1e,
};

/** A character string. The alphabet is not checked: a test may want a PrintableString that is none. */
export function characterString(value: string, encoding: StringEncoding = 'utf8'): Buffer {
  return element(STRING_TAGS[encoding], stringContents(value, encoding));
}

function stringContents(value: string, encoding: StringEncoding): Buffer {
  if (encoding === 'bmp') return Buffer.from(value, 'utf16le').swap16();
  if (encoding === 'universal') {
    const contents = Buffer.alloc([...value].length * 4);
    [...value].forEach((character, index) => {
      contents.writeUInt32BE(character.codePointAt(0) ?? 0, index * 4);
    });
    return contents;
  }
  return Buffer.from(value, encoding === 'utf8' ? 'utf8' : 'latin1');
}

/** `YYYYMMDDHHMMSS` in Greenwich Mean Time; whole seconds, the fraction is cut off. */
function compactTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

export function generalizedTime(at: Date): Buffer {
  return element(0x18, Buffer.from(`${compactTime(at)}Z`, 'latin1'));
}

export function utcTime(at: Date): Buffer {
  return element(0x17, Buffer.from(`${compactTime(at).slice(2)}Z`, 'latin1'));
}

/** RFC 5280 4.1.2.5: UTCTime through the year 2049, GeneralizedTime from 2050. */
export function time(at: Date): Buffer {
  return at.getUTCFullYear() < 2050 ? utcTime(at) : generalizedTime(at);
}
