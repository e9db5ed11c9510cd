import { expect } from 'chai';
import { ARABIC_GIVEN_NAME } from '../../src/demo/authority.ts';
import {
  type DirectoryAttribute,
  dateOfBirth,
  gender,
  subjectDirectoryAttributes,
} from '../../src/demo/certificate-extensions.ts';
import type { NameAttribute, NameTemplate } from '../../src/demo/distinguished-name.ts';
import { type Code, IdentityError } from '../../src/errors.ts';
import type { DocumentProfile } from '../../src/identity/document-profile.ts';
import { readPerson } from '../../src/identity/subject-attributes.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { characterString, objectIdentifier } from '../../src/pki/der-writer.ts';
import type { ValidatedPath } from '../../src/pki/path-validation.ts';
import { type CertificateChanges, createTestAuthority, issueTestCard } from '../support/authority.ts';
import { OID, TEST_PROFILE } from '../support/document.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();

/** What `findValidPath` would have made of the card: here only the reading is under test. */
function pathOf(changes: CertificateChanges): ValidatedPath {
  const { certificate } = issueTestCard(authority.issuing, changes);
  return { certificates: [parseCertificate(certificate)] } as unknown as ValidatedPath; // the brand has no value
}

const read = (changes: CertificateChanges = {}, profile: DocumentProfile = TEST_PROFILE) =>
  readPerson(pathOf(changes), profile);

const LATIN: readonly NameAttribute[] = [
  { type: 'countryName', value: 'MA' },
  { type: 'surname', value: 'El Mansouri' },
  { type: 'givenName', value: 'Amina' },
  { type: 'commonName', value: 'Amina El Mansouri' },
  { type: 'serialNumber', value: 'PNOMA-ZT123456' },
];
const without = (type: string): NameTemplate => LATIN.filter((attribute) => attribute.type !== type);
const withValue = (type: string, value: string): NameTemplate =>
  LATIN.map((attribute) => (attribute.type === type ? { type, value } : attribute));
const directory = (...attributes: DirectoryAttribute[]): CertificateChanges => ({
  extensions: { subjectDirectoryAttributes: subjectDirectoryAttributes(attributes) },
});

async function refuse(code: Code, attribute: string, changes: CertificateChanges, profile = TEST_PROFILE) {
  const error = await expectRefusal(() => read(changes, profile), IdentityError, code);
  expect(error.detail).to.have.property('attribute', attribute);
  return error;
}

describe('the person that a card names', () => {
  it('has number, names with their languages, date of birth and gender', () => {
    expect(read()).to.deep.equal({
      nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' },
      familyName: [{ value: 'El Mansouri' }, { value: 'المنصوري', language: 'ar' }],
      givenName: [{ value: 'Amina' }, { value: 'أمينة', language: 'ar' }],
      birthDate: '1990-02-28',
      gender: 'female',
    });
  });

  it('lacks what is optional in the profile and absent from the card', () => {
    expect(read({ subject: LATIN, extensions: { subjectDirectoryAttributes: null } })).to.deep.equal({
      nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' },
      familyName: [{ value: 'El Mansouri' }],
      givenName: [{ value: 'Amina' }],
    });
  });

  it('is frozen', () => expect(read()).to.be.frozen);
});

describe('an attribute that the profile needs', () => {
  for (const [attribute, type] of [
    ['nationalIdentifier', 'serialNumber'],
    ['familyName', 'surname'],
    ['givenName', 'givenName'],
  ] as const) {
    it(`${attribute}: absent is an error`, () => refuse('ATTRIBUTE_MISSING', attribute, { subject: without(type) }));

    it(`${attribute}: twice is an error`, () => {
      const [again] = LATIN.filter((candidate) => candidate.type === type);
      return refuse('ATTRIBUTE_REPEATED', attribute, { subject: [...LATIN, ...(again ? [again] : [])] });
    });

    it(`${attribute}: twice in one relative distinguished name is an error`, () =>
      refuse('ATTRIBUTE_REPEATED', attribute, {
        subject: [
          ...LATIN,
          [
            { type, value: 'PNOMA-ZT123457' },
            { type: 'localityName', value: 'Rabat' },
          ],
        ],
      }));

    it(`${attribute}: of white space only is an error`, () =>
      refuse('ATTRIBUTE_MALFORMED', attribute, { subject: withValue(type, '   ') }));
  }

  it('in the directory attributes: absent is an error when it is not optional', () => {
    const profile: DocumentProfile = {
      ...TEST_PROFILE,
      birthDate: { in: 'subjectDirectoryAttributes', oid: OID.dateOfBirth, optional: false },
    };
    expect(read(directory(dateOfBirth('1990-02-28')), profile).birthDate).to.equal('1990-02-28');
    return refuse('ATTRIBUTE_MISSING', 'birthDate', directory(gender('F')), profile);
  });

  it('is looked for only where the profile says', () => {
    const profile: DocumentProfile = {
      ...TEST_PROFILE,
      gender: { in: 'subject', oid: OID.gender, optional: false },
    };
    return refuse('ATTRIBUTE_MISSING', 'gender', {}, profile);
  });

  it('in one relative distinguished name with others is read like any other', () => {
    expect(read({ subject: [LATIN] })).to.deep.include({ givenName: [{ value: 'Amina' }] });
  });
});

describe('an optional attribute', () => {
  it('twice is an error all the same: a name', () =>
    refuse('ATTRIBUTE_REPEATED', 'givenName', {
      subject: [...LATIN, { type: ARABIC_GIVEN_NAME, value: 'أمينة' }, { type: ARABIC_GIVEN_NAME, value: 'ليلى' }],
    }));

  it('twice is an error all the same: two values of one directory attribute', () =>
    refuse(
      'ATTRIBUTE_REPEATED',
      'gender',
      directory({ oid: OID.gender, values: [characterString('F', 'printable'), characterString('M', 'printable')] }),
    ));

  it('twice is an error all the same: the directory attribute itself', () =>
    refuse('ATTRIBUTE_REPEATED', 'gender', directory(gender('F'), gender('F'))));
});

describe('the text of an attribute', () => {
  const nameOf = (value: string) => read({ subject: withValue('givenName', value) }).givenName[0]?.value;

  it('loses white space at its ends, and is normalised (NFC): one person, one spelling', () => {
    expect(nameOf('  Zoe\u0301 ')).to.equal('Zoé');
  });

  it('of 200 characters is accepted, of 201 refused', async () => {
    expect(nameOf('é'.repeat(200))).to.equal('é'.repeat(200));
    await refuse('ATTRIBUTE_MALFORMED', 'givenName', { subject: withValue('givenName', 'é'.repeat(201)) });
  });

  it('keeps the marks that Arabic and other scripts are written with', () => {
    expect(nameOf('أَمِينَة')).to.equal('أَمِينَة'.normalize('NFC'));
    expect(nameOf('علی\u200cرضا')).to.equal('علی\u200cرضا');
  });

  for (const [fault, character] of Object.entries({
    'a line break': '\n',
    'a NUL': '\0',
    'a C1 control': '\u0085',
    'a right-to-left override': '\u202e',
    'a right-to-left isolate': '\u2067',
  })) {
    it(`with ${fault} is refused`, () =>
      refuse('ATTRIBUTE_MALFORMED', 'givenName', { subject: withValue('givenName', `Ami${character}na`) }));
  }

  it('that is no character string is refused', () =>
    refuse('ATTRIBUTE_MALFORMED', 'gender', directory({ oid: OID.gender, values: [objectIdentifier('2.999')] })));

  it('of any string type reads the same', () => {
    for (const encoding of ['utf8', 'printable', 'ia5', 'bmp', 'universal', 'teletex'] as const) {
      const subject = [...without('givenName'), { type: 'givenName', value: 'Amina', encoding }];
      expect(read({ subject }).givenName, encoding).to.deep.equal([{ value: 'Amina' }]);
    }
  });

  it('is in no error', async () => {
    const error = await refuse('ATTRIBUTE_MALFORMED', 'givenName', { subject: withValue('givenName', 'Sec\nret') });
    expect(JSON.stringify([error.message, error.detail])).to.not.include('Sec');
  });
});

describe('RFC 3739 3.2.2: date of birth', () => {
  const born = (text: string): CertificateChanges =>
    directory({ oid: OID.dateOfBirth, values: [characterString(text, 'printable')] });

  it('is a GeneralizedTime that means a day', () => {
    expect(read(directory(dateOfBirth('2000-02-29'))).birthDate).to.equal('2000-02-29');
  });
  for (const text of ['19900228', '1990-02-28', '19900228120000Z']) {
    it(`is read from ${text} as well`, () => expect(read(born(text)).birthDate).to.equal('1990-02-28'));
  }
  for (const text of ['19900230', '19910229', '19901301', '19900100', '280290', '28-02-1990', '1990', '19900228Z']) {
    it(`refuses ${text}`, () => refuse('ATTRIBUTE_MALFORMED', 'birthDate', born(text)));
  }
});

describe('RFC 3739 3.2.2: gender', () => {
  const of = (text: string): CertificateChanges =>
    directory({ oid: OID.gender, values: [characterString(text, 'printable')] });

  for (const [letter, meaning] of [
    ['F', 'female'],
    ['f', 'female'],
    ['M', 'male'],
    ['m', 'male'],
  ] as const) {
    it(`${letter} is ${meaning}`, () => expect(read(of(letter)).gender).to.equal(meaning));
  }
  for (const text of ['X', 'FM', 'female', '1']) {
    it(`refuses ${text}`, () => refuse('ATTRIBUTE_MALFORMED', 'gender', of(text)));
  }
});
