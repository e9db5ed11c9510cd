/**
 * A validated path and its document profile -> the person.
 */
import type { ValidatedPath } from '../pki/path-validation.ts';
import { attributeRefusal, readAttributes } from './certificate-attributes.ts';
import type { AttributeLocation, DocumentProfile, NameLocation } from './document-profile.ts';
import { readNationalIdentifier } from './national-identifier.ts';
import type { NaturalPerson, TaggedText } from './person.ts';

/**
 * The person that the end-entity certificate of `path` names.
 * @throws IdentityError ATTRIBUTE_MISSING, ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED
 */
export function readPerson(path: ValidatedPath, profile: DocumentProfile): NaturalPerson {
  const attributes = readAttributes(path);
  const names = (name: string, locations: readonly NameLocation[]): readonly TaggedText[] =>
    locations.flatMap((location) => {
      const value = attributes.read(name, location);
      if (value === undefined) return [];
      return [location.language === undefined ? { value } : { value, language: location.language }];
    });

  const { birthDate, gender } = profile;
  const birthText = birthDate && attributes.read('birthDate', birthDate);
  const genderText = gender && attributes.read('gender', gender);
  return Object.freeze({
    nationalIdentifier: readNationalIdentifier(
      attributes.required('nationalIdentifier', profile.nationalIdentifier),
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
    throw attributeRefusal('ATTRIBUTE_MALFORMED', 'birthDate', location);
  }
  return date;
}

/** RFC 3739 3.2.2: gender is "M" or "F". */
function readGender(text: string, location: AttributeLocation): 'female' | 'male' {
  const letter = text.toUpperCase();
  if (letter === 'F') return 'female';
  if (letter === 'M') return 'male';
  throw attributeRefusal('ATTRIBUTE_MALFORMED', 'gender', location);
}
