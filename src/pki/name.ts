/**
 * Distinguished names (RFC 5280 4.1.2.4) and their comparison (7.1): case is folded, white space is compressed, and the
 * string type does not matter, as RFC 4518 prepares strings for caseIgnoreMatch. A name is never compared, nor an
 * attribute ever read, through a printed form of the whole name: such a form can be made to say anything.
 */
import { decodeCharacterString } from './character-string.ts';
import { type DerCursor, TAG, toHex } from './der.ts';

export interface NameAttribute {
  /** Attribute type, dotted decimal. */
  readonly type: string;
  /** The text of the value; undefined when the value is of no character string type. */
  readonly value: string | undefined;
  /** DER of the AttributeValue. */
  readonly der: Uint8Array;
}

/** A SET of one or more attributes. */
export type RelativeDistinguishedName = readonly NameAttribute[];

export interface Name {
  readonly der: Uint8Array;
  readonly rdns: readonly RelativeDistinguishedName[];
  /** All attributes of all relative distinguished names, in the order of the encoding. */
  readonly attributes: readonly NameAttribute[];
  readonly isEmpty: boolean;
  /** Equal for exactly the names that are equal by RFC 5280 7.1: a key for maps. */
  readonly key: string;
  /** The same, save that a TeletexString is taken for the text that issuers mean by it. */
  readonly textKey: string;
  /** As `key`, for each relative distinguished name. */
  readonly rdnKeys: readonly string[];
  /** As `rdnKeys`, save that a TeletexString is taken for a text, or for any text where its octets are not of ASCII. */
  readonly looseRdnKeys: readonly string[];
}

/** A loose key that equals all others. */
const ANY_TEXT = '';

/** Reads the next element, which is a Name. @throws DerError */
export function readName(cursor: DerCursor): Name {
  const sequence = cursor.sequence();
  const der = cursor.element;
  const rdns: RelativeDistinguishedName[] = [];
  while (!sequence.atEnd) {
    sequence.expect(TAG.SET);
    rdns.push(readAttributes(sequence.within()));
  }
  return new ParsedName(der, rdns);
}

/** The contents of the SET that a RelativeDistinguishedName is; `cursor` stands within it. @throws DerError */
export function readAttributes(cursor: DerCursor): RelativeDistinguishedName {
  const attributes: NameAttribute[] = [];
  do {
    const attribute = cursor.sequence();
    const type = attribute.objectIdentifier();
    const der = attribute.any();
    attribute.expectEnd();
    attributes.push({ type, value: decodeCharacterString(attribute.tag, attribute.content), der });
  } while (!cursor.atEnd);
  return attributes;
}

/** RFC 5280 7.1 */
export function equalNames(left: Name, right: Name): boolean {
  return left === right || left.key === right.key;
}

/** Whether `name` is `base` or lies below it (RFC 5280 4.2.1.10, 7.1: the initial relative distinguished names match). */
export function isWithinSubtree(name: Name, base: Name): boolean {
  const keys = name.rdnKeys;
  return base.rdnKeys.length <= keys.length && base.rdnKeys.every((key, index) => key === keys[index]);
}

/**
 * Whether `name` may be `base` or lie below it, where a TeletexString leaves that open: 7.1 compares its encoding, yet a
 * constraint must not be escaped by writing a name as one.
 */
export function mayBeWithinSubtree(name: Name, base: Name): boolean {
  const keys = name.looseRdnKeys;
  return (
    base.looseRdnKeys.length <= keys.length &&
    base.looseRdnKeys.every((key, index) => key === ANY_TEXT || keys[index] === ANY_TEXT || key === keys[index])
  );
}

/** `base` with one more relative distinguished name (nameRelativeToCRLIssuer, 4.2.1.13): its key for comparison. */
export function keyOfNameBelow(base: Name, rdn: RelativeDistinguishedName): string {
  return joinKeys([...base.rdnKeys, keyOfRdn(rdn)]);
}

/** Computes its keys when they are first asked for: of most names they never are. */
class ParsedName implements Name {
  readonly der: Uint8Array;
  readonly rdns: readonly RelativeDistinguishedName[];
  #rdnKeys: readonly string[] | undefined;
  #looseRdnKeys: readonly string[] | undefined;
  #key: string | undefined;

  constructor(der: Uint8Array, rdns: readonly RelativeDistinguishedName[]) {
    this.der = der;
    this.rdns = rdns;
    Object.freeze(this);
  }

  get attributes(): readonly NameAttribute[] {
    return this.rdns.flat();
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  get rdnKeys(): readonly string[] {
    this.#rdnKeys ??= this.rdns.map(keyOfRdn);
    return this.#rdnKeys;
  }

  get looseRdnKeys(): readonly string[] {
    this.#looseRdnKeys ??= this.rdns.some((rdn) => rdn.some(isTeletex)) ? this.rdns.map(looseKeyOfRdn) : this.rdnKeys;
    return this.#looseRdnKeys;
  }

  get key(): string {
    this.#key ??= joinKeys(this.rdnKeys);
    return this.#key;
  }

  get textKey(): string {
    if (!this.rdns.some((rdn) => rdn.some(isTeletex))) return this.key;
    return joinKeys(this.rdns.map((rdn) => keyOfRdn(rdn.map(asUtf8))));
  }
}

/** Lengths stand before texts, so that no text can imitate the boundary between two. */
function joinKeys(keys: readonly string[]): string {
  return keys.map((key) => `${key.length}:${key}`).join('');
}

/** A SET has no order: the attributes are sorted. */
function keyOfRdn(rdn: RelativeDistinguishedName): string {
  const [only] = rdn;
  return rdn.length === 1 && only ? keyOfAttribute(only) : joinKeys(rdn.map(keyOfAttribute).sort());
}

function looseKeyOfRdn(rdn: RelativeDistinguishedName): string {
  const isOpen = rdn.some((attribute) => isTeletex(attribute) && !/^[ -~]*$/.test(attribute.value ?? ''));
  if (isOpen) return ANY_TEXT;
  return keyOfRdn(rdn.map(asUtf8));
}

/** For a key by text alone. */
function asUtf8(attribute: NameAttribute): NameAttribute {
  return isTeletex(attribute) ? { ...attribute, der: Uint8Array.of(TAG.UTF8_STRING) } : attribute;
}

/** 7.1: character strings by their prepared text, anything else by its encoding. TeletexString has no agreed text. */
function keyOfAttribute(attribute: NameAttribute): string {
  const { type, value, der } = attribute;
  return value === undefined || isTeletex(attribute) ? `${type}#${toHex(der)}` : `${type}=${prepareString(value)}`;
}

function isTeletex({ der }: NameAttribute): boolean {
  return der[0] === TAG.TELETEX_STRING;
}

/** RFC 4518 2.2: what is mapped to nothing, then what is mapped to SPACE. */
const MAPPED_TO_NOTHING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 4518 2.2 names these characters.
  /[\u180b-\u180e\ufe00-\ufe0f]|\u034f|[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u06dd\u070f\u1806\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffc\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu;
const MAPPED_TO_SPACE = /[\s\u0085\p{Z}]/gu;

/** RFC 4518 section 2 for caseIgnoreMatch: map, fold case, normalise, handle insignificant spaces (2.6.1). */
function prepareString(text: string): string {
  const isAscii = /^[ -~]*$/.test(text);
  const prepared = isAscii
    ? text.toLowerCase()
    : foldAndNormalize(text.replace(MAPPED_TO_NOTHING, '').replace(MAPPED_TO_SPACE, ' '));
  return prepared.trim().replace(/ {2,}/g, ' ');
}

/** RFC 3454 B.2: folded until NFKC changes no more, as a letter may compose in one case alone. */
function foldAndNormalize(text: string): string {
  const normal = text.normalize('NFKC');
  const folded = foldCase(normal);
  // As of a text in Arabic or Tifinagh, which have no case.
  if (folded === normal) return normal;
  return foldCase(folded.normalize('NFKC')).normalize('NFKC');
}

/** Of RFC 3454 B.2, these are the foldings that lower case alone does not give. */
function foldCase(text: string): string {
  const lower = text.toLowerCase();
  return /[ßς]/.test(lower) ? lower.replaceAll('ß', 'ss').replaceAll('ς', 'σ') : lower;
}

/** The text of an AttributeValue of any type: a time is its characters; undefined for what is not text. @throws DerError */
export function readAttributeText(cursor: DerCursor): string | undefined {
  cursor.any();
  const isTime = cursor.tag === TAG.GENERALIZED_TIME || cursor.tag === TAG.UTC_TIME;
  return decodeCharacterString(isTime ? TAG.VISIBLE_STRING : cursor.tag, cursor.content);
}
