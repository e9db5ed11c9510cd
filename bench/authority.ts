/**
 * The demonstration's kind of authority, in memory: a root and an issuing CA, and cards whose certificates all differ.
 */
import type { KeyObject } from 'node:crypto';
import {
  type CertificationAuthority,
  createIssuingCa,
  createRootCa,
  issueCard,
  type Validity,
} from '../src/demo/authority.ts';
import { AUTHENTICATION_POLICY } from '../src/demo/card-catalogue.ts';
import { generateKeys, type KeyType } from '../src/demo/signing.ts';

export interface BenchAuthority {
  readonly root: CertificationAuthority;
  readonly issuing: CertificationAuthority;
  /** DER of the certificates. */
  readonly cards: readonly Buffer[];
  /** The private key of each card, in the same order. */
  readonly cardKeys: readonly KeyObject[];
  /** What stands on the card after the country and the kind of register. */
  readonly nationalNumbers: readonly string[];
}

const YEAR = 365 * 86_400_000;
const CRL_URL = 'http://pki.thiqa.example/issuing.crl';

export function createBenchAuthority(keyType: KeyType, cardCount: number, at: Date): BenchAuthority {
  const validity: Validity = {
    notBefore: new Date(at.getTime() - YEAR),
    notAfter: new Date(at.getTime() + 10 * YEAR),
  };
  const rules = { policies: [AUTHENTICATION_POLICY], crlUrl: CRL_URL };
  const root = createRootCa(nameOf('root CA'), generateKeys(keyType), validity);
  const issuing = createIssuingCa(root, nameOf('issuing CA'), generateKeys(keyType), validity, {
    ...rules,
    pathLength: 0,
  });
  const nationalNumbers = Array.from({ length: cardCount }, (_, index) => `ZZ${200_000 + index}`);
  const keys = nationalNumbers.map(() => generateKeys('P-256'));
  const cards = keys.map(({ publicKey }, index) =>
    issueCard(
      issuing,
      {
        country: 'MA',
        semanticsIdentifier: `PNOMA-${nationalNumbers[index]}`,
        givenName: 'Fatima Zahra',
        familyName: 'El Idrissi',
      },
      publicKey,
      validity,
      { ...rules, keyUsages: ['digitalSignature'], birthDate: '1988-03-14', gender: 'F' },
    ),
  );
  return { root, issuing, cards, cardKeys: keys.map(({ privateKey }) => privateKey), nationalNumbers };
}

function nameOf(role: string) {
  return [
    { type: 'countryName', value: 'MA' },
    { type: 'organizationName', value: 'Thiqa bench' },
    { type: 'commonName', value: `Thiqa bench ${role}` },
  ] as const;
}
