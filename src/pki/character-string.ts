/**
 * The character string types of ASN.1 (X.680 clause 41) as text. A value that its own type does not allow is refused:
 * what reads as one name here must not read as another one elsewhere.
 */
import { DerError, TAG } from './der.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** PrintableString (X.680 41.4): letters, digits, space and ' ( ) + , - . / : = ? */
const PRINTABLE = characterSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?");
const NUMERIC = characterSet('0123456789 ');

/**
 * The text of a character string with identifier octet `tag`; undefined when the tag is of no such type.
 * TeletexString is read as ISO 8859-1, which is what issuers mean by it; T.61 proper is not decoded by anybody.
 */
export function decodeCharacterString(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case TAG.UTF8_STRING:
      return decodeUtf8(content);
    case TAG.PRINTABLE_STRING:
      return restricted(content, PRINTABLE);
    case TAG.NUMERIC_STRING:
      return restricted(content, NUMERIC);
    case TAG.IA5_STRING:
      return decodeIa5(content);
    case TAG.VISIBLE_STRING:
      if (content.some((octet) => octet < 0x20)) throw new DerError('character outside its string type', 0);
      return decodeIa5(content);
    case TAG.TELETEX_STRING:
      return asBuffer(content).toString('latin1');
    case TAG.BMP_STRING:
      return decodeBmp(content);
    case TAG.UNIVERSAL_STRING:
      return decodeUniversal(content);
    default:
      return undefined;
  }
}

/** IA5String: octets up to 7F. */
export function decodeIa5(content: Uint8Array): string {
  for (const octet of content) if (octet > 0x7f) throw new DerError('character outside its string type', 0);
  return asBuffer(content).toString('latin1');
}

function decodeUtf8(content: Uint8Array): string {
  for (const octet of content) {
    if (octet <= 0x7f) continue;
    try {
      return utf8.decode(content);
    } catch {
      throw new DerError('UTF8String is not UTF-8', 0); // The decoder says no more than that.
    }
  }
  return asBuffer(content).toString('latin1');
}

/** Two octets a character; surrogates are no characters of the Basic Multilingual Plane. */
function decodeBmp(content: Uint8Array): string {
  if (content.length % 2 !== 0) throw new DerError('BMPString of an odd length', 0);
  let text = '';
  for (let index = 0; index < content.length; index += 2) {
    const unit = ((content[index] ?? 0) << 8) | (content[index + 1] ?? 0);
    if (unit >= 0xd800 && unit <= 0xdfff) throw new DerError('BMPString with a surrogate', 0);
    text += String.fromCharCode(unit);
  }
  return text;
}

/** Four octets a character. */
function decodeUniversal(content: Uint8Array): string {
  if (content.length % 4 !== 0) throw new DerError('UniversalString of a broken length', 0);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let text = '';
  for (let index = 0; index < content.length; index += 4) {
    const point = view.getUint32(index);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new DerError('UniversalString beyond Unicode', 0);
    text += String.fromCodePoint(point);
  }
  return text;
}

function restricted(content: Uint8Array, allowed: Uint8Array): string {
  for (const octet of content) if (allowed[octet] !== 1) throw new DerError('character outside its string type', 0);
  return asBuffer(content).toString('latin1');
}

function characterSet(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
