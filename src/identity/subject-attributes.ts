/**
 * A validated path and its document profile -> the person. Attributes are read by object identifier, never from the
 * text form of a name (S14, S15), so a common name that contains ", serialNumber=..." is only a common name.
 * An attribute that is absent or stands twice is an error: which of two values is meant cannot be known.
 */
import { IdentityError } from '../errors.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import type { AttributeLocation, DocumentProfile, NameLocation } from './document-profile.ts';
import { readNationalIdentifier } from './national-identifier.ts';
import type { NaturalPerson, TaggedText } from './person.ts';

/** X.520 upper bounds are shorter; what no card carries is refused before it reaches a page. */
const LONGEST_VALUE = 200;

/**
 * The person that the end-entity certificate of `path` names.
 * @throws IdentityError ATTRIBUTE_MISSING, ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED
 */
export function readPerson(path: ValidatedPath, profile: DocumentProfile): NaturalPerson {
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
    if (values.length > 1) throw refusal('ATTRIBUTE_REPEATED', name, location);
    if (values.length === 0) return undefined;
    const value = values[0]?.trim().normalize('NFC');
    if (value === undefined || value === '' || value.length > LONGEST_VALUE || hasControlCharacter(value)) {
      throw refusal('ATTRIBUTE_MALFORMED', name, location);
    }
    return value;
  };
  const required = (name: string, location: AttributeLocation): string => {
    const value = optional(name, location);
    if (value === undefined) throw refusal('ATTRIBUTE_MISSING', name, location);
    return value;
  };
  const names = (name: string, locations: readonly NameLocation[]): readonly TaggedText[] =>
    locations.flatMap((location) => {
      const value = location.optional ? optional(name, location) : required(name, location);
      if (value === undefined) return [];
      return [location.language === undefined ? { value } : { value, language: location.language }];
    });

  const { birthDate, gender } = profile;
  const birthText = birthDate && (birthDate.optional ? optional : required)('birthDate', birthDate);
  const genderText = gender && (gender.optional ? optional : required)('gender', gender);
  return Object.freeze({
    nationalIdentifier: readNationalIdentifier(
      required('nationalIdentifier', profile.nationalIdentifier),
      profile.nationalIdentifier.rule,
    ),
    familyName: names('familyName', profile.familyName),
    givenName: names('givenName', profile.givenName),
    ...(birthDate && birthText !== undefined && { birthDate: readDate(birthText, birthDate) }),
    ...(gender && genderText !== undefined && { gender: readGender(genderText, gender) }),
  });
}

/** RFC 3739 3.2.2: dateOfBirth is a GeneralizedTime that means a day; its time of day (12:00 GMT) says nothing. */
function readDate(text: string, location: AttributeLocation): string {
  const parts = /^(\d{4})-?(\d{2})-?(\d{2})(?:\d{6}Z)?$/.exec(text);
  const date = parts && `${parts[1]}-${parts[2]}-${parts[3]}`;
  // A day that the calendar does not have (30 February) reads back as another day.
  if (!date || Number.isNaN(Date.parse(date)) || new Date(date).toISOString().slice(0, 10) !== date) {
    throw refusal('ATTRIBUTE_MALFORMED', 'birthDate', location);
  }
  return date;
}

/** RFC 3739 3.2.2: gender is "M" or "F". */
function readGender(text: string, location: AttributeLocation): 'female' | 'male' {
  const letter = text.toUpperCase();
  if (letter === 'F') return 'female';
  if (letter === 'M') return 'male';
  throw refusal('ATTRIBUTE_MALFORMED', 'gender', location);
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

function refusal(code: keyof typeof SENTENCES, attribute: string, location: AttributeLocation): IdentityError {
  return new IdentityError(code, `${SENTENCES[code]}: ${attribute}`, { detail: { attribute, oid: location.oid } });
}
