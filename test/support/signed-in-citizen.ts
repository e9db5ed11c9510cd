/**
 * A citizen who is signed in with a card that says all that a card can say; invented.
 */
import type { SignedInCitizen } from '../../src/citizen/citizen-record.ts';

/** 2026-11-25T09:30:00Z. */
export const SIGNED_IN_AT = 1_795_599_000;

export const AMINA: SignedInCitizen & Required<Pick<SignedInCitizen, 'document'>> = {
  person: {
    nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' },
    familyName: [{ value: 'El Mansouri' }, { value: 'المنصوري', language: 'ar' }],
    givenName: [{ value: 'Amina' }, { value: 'أمينة', language: 'ar' }],
    birthDate: '1990-02-28',
    gender: 'female',
  },
  maskedIdentifier: '•••••456',
  document: {
    type: 'idcard',
    issuingState: 'MAR',
    number: 'TH123456',
    expiresOn: '2031-05-04',
    placeOfIssue: 'Rabat',
  },
  evidence: {
    method: 'client-certificate',
    level: 'substantial',
    trustFramework: 'thiqa_demonstration',
    certificate: { issuer: 'CN=Test issuing CA,C=MA', serialNumber: '0a1b2c', sha256: 'ab'.repeat(32) },
    revocation: {
      status: 'good',
      source: 'http://pki.thiqa.example/issuing.crl',
      thisUpdate: '2026-11-25T00:00:00.000Z',
      nextUpdate: '2026-11-26T00:00:00.000Z',
      sha256: 'cd'.repeat(32),
    },
  },
};
