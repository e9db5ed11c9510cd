/**
 * Distinguished names for certificates that we mint (RFC 5280 4.1.2.4, X.520).
 */
import { characterString, objectIdentifier, type StringEncoding, sequence, setOf } from '../pki/der-writer.ts';

/** X.520 and RFC 4519 attribute types by their usual short names. */
export const ATTRIBUTE_TYPES = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  localityName: '2.5.4.7',
  organizationName: '2.5.4.10',
  organizationalUnitName: '2.5.4.11',
  givenName: '2.5.4.42',
  organizationIdentifier: '2.5.4.97',
  emailAddress: '1.2.840.113549.1.9.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
} as const;

/** RFC 5280 appendix A.1 fixes the string type of these; every other attribute is a UTF8String. */
const FIXED_ENCODINGS: Readonly<Record<string, StringEncoding>> = {
  [ATTRIBUTE_TYPES.serialNumber]: 'printable',
  [ATTRIBUTE_TYPES.countryName]: 'printable',
  [ATTRIBUTE_TYPES.emailAddress]: 'ia5',
  [ATTRIBUTE_TYPES.domainComponent]: 'ia5',
};

export interface NameAttribute {
  /** A short name of ATTRIBUTE_TYPES, or dotted decimal. */
  readonly type: string;
  readonly value: string;
  readonly encoding?: StringEncoding;
}

/** A sequence of relative distinguished names; an inner array is one with several values. */
export type NameTemplate = readonly (NameAttribute | readonly NameAttribute[])[];

/** The DER of a Name; DER that is given is passed through, so that an issuer's name can be repeated byte for byte. */
export function encodeName(name: NameTemplate | Uint8Array): Buffer {
  if (name instanceof Uint8Array) return Buffer.from(name);
  return sequence(...name.map(encodeRelativeName));
}

/** The DER of one RelativeDistinguishedName. */
export function encodeRelativeName(attributes: NameAttribute | readonly NameAttribute[]): Buffer {
  const list = 'type' in attributes ? [attributes] : attributes;
  return setOf(...list.map(encodeAttribute));
}

function encodeAttribute({ type, value, encoding }: NameAttribute): Buffer {
  const oid = (ATTRIBUTE_TYPES as Readonly<Record<string, string>>)[type] ?? type;
  return sequence(objectIdentifier(oid), characterString(value, encoding ?? FIXED_ENCODINGS[oid] ?? 'utf8'));
}
