/**
 * A distinguished name as a portal registers it (RFC 8705 2.1.2, tls_client_auth_subject_dn): the string form of RFC 4514,
 * read into the name that it stands for. It is compared as names are (RFC 5280 7.1), never as text: many texts are one
 * name, and a text can be made to look like another.
 */
import { DerCursor, DerError } from '../pki/der.ts';
import { characterString, objectIdentifier, sequence, setOf } from '../pki/der-writer.ts';
import { type Name, readName } from '../pki/name.ts';

/** RFC 4514 3, and further attribute types of RFC 4519 and X.520 that certificates of organisations carry. */
const ATTRIBUTE_TYPES: Readonly<Record<string, string>> = {
  cn: '2.5.4.3',
  l: '2.5.4.7',
  st: '2.5.4.8',
  o: '2.5.4.10',
  ou: '2.5.4.11',
  c: '2.5.4.6',
  street: '2.5.4.9',
  dc: '0.9.2342.19200300.100.1.25',
  uid: '0.9.2342.19200300.100.1.1',
  serialnumber: '2.5.4.5',
  businesscategory: '2.5.4.15',
  postalcode: '2.5.4.17',
  title: '2.5.4.12',
  organizationidentifier: '2.5.4.97',
  emailaddress: '1.2.840.113549.1.9.1',
};

const LONGEST_TEXT = 2000;
/** RFC 4512 1.4: numericoid; arcs within what an encoder takes. */
const NUMERIC_OID = /^(?:[01]\.(?:\d|[1-3]\d)|2\.(?:0|[1-9]\d{0,8}))(?:\.(?:0|[1-9]\d{0,17}))*$/;

/**
 * @param text RFC 4514, the most specific relative distinguished name first
 * @throws TypeError when the text is no such string, or names an attribute type that is not known
 */
export function parseDistinguishedName(text: string): Name {
  if (text.length > LONGEST_TEXT) throw new TypeError('the name is too long');
  const reader = new NameReader(text);
  const rdns: Buffer[] = [];
  do {
    const attributes: Buffer[] = [];
    do attributes.push(reader.attribute());
    while (reader.take('+'));
    rdns.push(setOf(...attributes));
  } while (reader.take(','));
  if (!reader.atEnd) throw new TypeError('the name goes on after its end');
  try {
    // RFC 4514 2.1: the string has the last element of the sequence first.
    return readName(new DerCursor(sequence(...rdns.reverse())));
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new TypeError('a value of the name is not well-formed', { cause });
  }
}

class NameReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(character: ',' | '+'): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** DER of the AttributeTypeAndValue. */
  attribute(): Buffer {
    // RFC 4514 4 lets a reader accept spaces around the separators, as older writers put them.
    const [whole = '', written = ''] =
      /^ *([A-Za-z][A-Za-z0-9-]*|\d[\d.]*) *= */.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === '') throw new TypeError('an attribute of the name has no type');
    const type = NUMERIC_OID.test(written) ? written : ATTRIBUTE_TYPES[written.toLowerCase()];
    if (type === undefined) throw new TypeError('an attribute type of the name is not known');
    this.#at += whole.length;
    return sequence(objectIdentifier(type), this.#text[this.#at] === '#' ? this.#hexadecimal() : this.#string());
  }

  /** RFC 4514 2.4: `#` and the BER of the value. */
  #hexadecimal(): Buffer {
    const [whole = '', digits = ''] = /^#((?:[0-9A-Fa-f]{2})+) */.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === '') throw new TypeError('a value of the name is not hexadecimal');
    this.#at += whole.length;
    return Buffer.from(digits, 'hex');
  }

  /** RFC 4514 3: `string`; escapes are of one special character, or of one octet of UTF-8. */
  #string(): Buffer {
    const octets: Buffer[] = [];
    /** Octets up to the last character that is no bare space: trailing ones are not of the value. */
    let kept = 0;
    for (;;) {
      const rest = this.#text.slice(this.#at);
      const [escaped, special, hexadecimal] = /^\\(?:([ "#+,;<=>\\])|([0-9A-Fa-f]{2}))/.exec(rest) ?? [];
      if (escaped !== undefined) {
        octets.push(special === undefined ? Buffer.from(hexadecimal ?? '', 'hex') : Buffer.from(special));
        kept = octets.length;
        this.#at += escaped.length;
        continue;
      }
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      if (rest === '' || character === ',' || character === '+') break;
      if ('"\\;<>\0'.includes(character)) throw new TypeError('a character of the name must be escaped');
      octets.push(Buffer.from(character));
      if (character !== ' ') kept = octets.length;
      this.#at += character.length;
    }
    if (kept === 0) throw new TypeError('a value of the name is empty');
    return characterString(utf8(Buffer.concat(octets.slice(0, kept))));
  }
}

function utf8(octets: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (cause) {
    throw new TypeError('a value of the name is not UTF-8', { cause });
  }
}
