/**
 * The document that the cards of `authority.ts` are: the profile of the demonstration card, as an object.
 */
import type { DocumentProfile } from '../../src/identity/document-profile.ts';
import { TEST_POLICY } from './authority.ts';

export const OID = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  givenName: '2.5.4.42',
  arabicGivenName: '2.999.504.1',
  arabicFamilyName: '2.999.504.2',
  dateOfBirth: '1.3.6.1.5.5.7.9.1',
  gender: '1.3.6.1.5.5.7.9.3',
} as const;

export const TEST_PROFILE: DocumentProfile = {
  id: 'test-card',
  title: 'Test card',
  country: 'MA',
  policies: [TEST_POLICY],
  keyUsage: { required: ['digitalSignature'], refused: ['nonRepudiation'] },
  nationalIdentifier: {
    in: 'subject',
    oid: OID.serialNumber,
    rule: { syntax: 'etsi', country: 'MA', register: 'PNO', pattern: /^(?:[A-Z]{1,2}[0-9]{4,8})$/u },
  },
  familyName: [
    { in: 'subject', oid: OID.surname, optional: false },
    { in: 'subject', oid: OID.arabicFamilyName, language: 'ar', optional: true },
  ],
  givenName: [
    { in: 'subject', oid: OID.givenName, optional: false },
    { in: 'subject', oid: OID.arabicGivenName, language: 'ar', optional: true },
  ],
  birthDate: { in: 'subjectDirectoryAttributes', oid: OID.dateOfBirth, optional: true },
  gender: { in: 'subjectDirectoryAttributes', oid: OID.gender, optional: true },
  assurance: { level: 'high', methods: ['sc', 'hwk', 'pin', 'mfa'] },
};
