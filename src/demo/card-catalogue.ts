/**
 * The ten cards of the demonstration: one for each thing that can be right or wrong with a card. Names and numbers are
 * invented; the policies and attribute types stand under 2.999, the arc for examples.
 */
import type { CertificateCode, RevocationCode } from '../errors.ts';
import type { CardHolder } from './authority.ts';
import type { KeyUsageName } from './certificate-extensions.ts';
import type { ReasonCodeName } from './crl-extensions.ts';

/** The policy that the demonstration's document profile requires. */
export const AUTHENTICATION_POLICY = '2.999.504.10';
/** A policy of the same CA for other documents, which the profile does not accept. */
export const OTHER_DOCUMENT_POLICY = '2.999.504.11';

export interface CardDefinition {
  readonly id: string;
  readonly title: string;
  /** The code with which the service must refuse the card; none when it must accept it. */
  readonly expectedCode?: CertificateCode | RevocationCode;
  readonly holder: CardHolder;
  readonly birthDate: string;
  readonly gender: 'F' | 'M';
  /** Days from the day of minting; the usual ones when left out. */
  readonly validFromDays?: number;
  readonly validToDays?: number;
  readonly policy?: string;
  readonly keyUsages?: readonly KeyUsageName[];
  readonly revocation?: ReasonCodeName;
  /** `stranger`: a CA of the same name as the true one, with a key of its own. */
  readonly issuer?: 'stranger';
}

const FATIMA = {
  holder: {
    country: 'MA',
    semanticsIdentifier: 'PNOMA-ZZ100001',
    givenName: 'Fatima Zahra',
    familyName: 'El Idrissi',
    documentNumber: 'TH000001',
  },
  birthDate: '1988-03-14',
  gender: 'F',
} as const;

function holder(number: string, givenName: string, familyName: string): CardHolder {
  return {
    country: 'MA',
    semanticsIdentifier: `PNOMA-${number}`,
    givenName,
    familyName,
    documentNumber: number.replace('ZZ1', 'TH0'),
  };
}

export const CARD_DEFINITIONS = [
  { id: 'valid', title: 'Valid card, name in Latin script', ...FATIMA },
  {
    id: 'valid-arabic',
    title: 'Valid card, name in Arabic and in Latin script',
    holder: {
      ...holder('ZZ100002', 'Youssef', 'Benali'),
      arabicGivenName: 'يوسف',
      arabicFamilyName: 'بنعلي',
    },
    birthDate: '1995-11-02',
    gender: 'M',
  },
  {
    id: 'renewed',
    title: 'Renewed card of the first person, name spelt another way',
    ...FATIMA,
    holder: {
      ...FATIMA.holder,
      givenName: 'Fatima-Zahra',
      familyName: 'El-Idrissi',
      documentNumber: 'TH000101',
    },
  },
  {
    id: 'expired',
    title: 'Expired card',
    expectedCode: 'CERT_EXPIRED',
    holder: holder('ZZ100003', 'Khadija', 'Amrani'),
    birthDate: '1971-07-30',
    gender: 'F',
    validFromDays: -730,
    validToDays: -1,
  },
  {
    id: 'not-yet-valid',
    title: 'Card that is not yet valid',
    expectedCode: 'CERT_NOT_YET_VALID',
    holder: holder('ZZ100004', 'Omar', 'Tazi'),
    birthDate: '2001-01-09',
    gender: 'M',
    validFromDays: 1825,
    validToDays: 5475,
  },
  {
    id: 'revoked',
    title: 'Revoked card',
    expectedCode: 'CERT_REVOKED',
    holder: holder('ZZ100005', 'Salma', 'Bennani'),
    birthDate: '1983-05-21',
    gender: 'F',
    revocation: 'keyCompromise',
  },
  {
    id: 'suspended',
    title: 'Suspended card (on hold)',
    expectedCode: 'CERT_ON_HOLD',
    holder: holder('ZZ100006', 'Rachid', 'Ouazzani'),
    birthDate: '1966-12-17',
    gender: 'M',
    revocation: 'certificateHold',
  },
  {
    id: 'wrong-policy',
    title: 'Certificate of another document of the same CA',
    expectedCode: 'CERT_POLICY_REFUSED',
    holder: holder('ZZ100007', 'Nadia', 'Cherkaoui'),
    birthDate: '1990-08-05',
    gender: 'F',
    policy: OTHER_DOCUMENT_POLICY,
  },
  {
    id: 'signature-only',
    title: 'The signature certificate of a card',
    expectedCode: 'CERT_KEY_USAGE_REFUSED',
    holder: holder('ZZ100008', 'Hamza', 'Lahlou'),
    birthDate: '1979-04-11',
    gender: 'M',
    keyUsages: ['nonRepudiation'],
  },
  {
    id: 'unknown-ca',
    title: 'Name and number of the first person, from an unknown CA of the same name',
    expectedCode: 'CERT_ISSUER_UNKNOWN',
    ...FATIMA,
    issuer: 'stranger',
  },
] as const satisfies readonly CardDefinition[];

export type CardId = (typeof CARD_DEFINITIONS)[number]['id'];
