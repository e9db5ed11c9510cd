/**
 * The attributes of the certificate that a document profile points to. They are read by object identifier, never from the
 * text form of a name (S14, S15), so a common name that contains ", serialNumber=..." is only a common name.
 * An attribute that stands twice is an error: which of two values is meant cannot be known.
 */
import { IdentityError } from '../errors.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import type { AttributeLocation } from './document-profile.ts';

/** X.520 upper bounds are shorter; what no card carries is refused before it reaches a page. */
const LONGEST_VALUE = 200;

/** `name` is the attribute's name in the profile, for the error. */
export interface AttributeReader {
  /** @throws IdentityError ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED */
  optional(name: string, location: AttributeLocation): string | undefined;
  /** @throws IdentityError ATTRIBUTE_MISSING, ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED */
  required(name: string, location: AttributeLocation): string;
  /** One or the other, as the profile says. */
  read(name: string, location: AttributeLocation & { readonly optional: boolean }): string | undefined;
  /** RFC 5280 4.1.2.5: the last moment at which the certificate is good. */
  readonly notAfter: Date;
}

/** Reads the end-entity certificate of `path`. */
export function readAttributes(path: ValidatedPath): AttributeReader {
  const [certificate] = path.certificates;
  if (certificate === undefined) throw new TypeError('a validated path has an end-entity certificate');

  const valuesAt = (location: AttributeLocation): readonly (string | undefined)[] =>
    location.in === 'subject'
      ? certificate.subject.attributes
          .filter((attribute) => attribute.type === location.oid)
          .map((attribute) => attribute.value)
      : (certificate.subjectDirectoryAttributes ?? [])
          .filter((attribute) => attribute.type === location.oid)
          .flatMap((attribute) => attribute.values);

  const optional = (name: string, location: AttributeLocation): string | undefined => {
    const values = valuesAt(location);
    if (values.length > 1) throw attributeRefusal('ATTRIBUTE_REPEATED', name, location);
    if (values.length === 0) return undefined;
    const value = values[0]?.trim().normalize('NFC');
    if (value === undefined || value === '' || value.length > LONGEST_VALUE || hasControlCharacter(value)) {
      throw attributeRefusal('ATTRIBUTE_MALFORMED', name, location);
    }
    return value;
  };
  const required = (name: string, location: AttributeLocation): string => {
    const value = optional(name, location);
    if (value === undefined) throw attributeRefusal('ATTRIBUTE_MISSING', name, location);
    return value;
  };
  return {
    optional,
    required,
    notAfter: certificate.notAfter,
    read: (name, location) => (location.optional ? optional : required)(name, location),
  };
}

/** C0 and C1 controls, and the bidirectional overrides that could make a name read as another one on a page. */
function hasControlCharacter(value: string): boolean {
  return /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(value);
}

const SENTENCES = {
  ATTRIBUTE_MISSING: 'an attribute that the profile needs is absent',
  ATTRIBUTE_REPEATED: 'an attribute that must stand once stands more than once',
  ATTRIBUTE_MALFORMED: 'an attribute does not have the form that the profile prescribes',
};

export function attributeRefusal(
  code: keyof typeof SENTENCES,
  attribute: string,
  location: AttributeLocation,
): IdentityError {
  return new IdentityError(code, `${SENTENCES[code]}: ${attribute}`, { detail: { attribute, oid: location.oid } });
}
