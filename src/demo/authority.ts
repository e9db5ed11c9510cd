/**
 * An authority that follows RFC 5280 section 4 in every certificate and CRL: root CA, issuing CA, cards.
 *
 * The demonstration builds its cards with it; the test authority takes the same templates and changes one thing.
 * Nothing reads a clock: dates are arguments.
 */
import type { KeyObject } from 'node:crypto';
import {
  authorityKeyIdentifier,
  basicConstraints,
  certificatePolicies,
  crlDistributionPoints,
  dateOfBirth,
  extendedKeyUsage,
  gender,
  type KeyUsageName,
  keyUsage,
  naturalPersonSemantics,
  subjectDirectoryAttributes,
  subjectKeyIdentifier,
} from './certificate-extensions.ts';
import { mintCertificate } from './certificate-minting.ts';
import { crlNumber, type ReasonCodeName, reasonCode } from './crl-extensions.ts';
import { mintCrl } from './crl-minting.ts';
import { encodeName, type NameAttribute, type NameTemplate } from './distinguished-name.ts';
import type { Extension } from './extension.ts';
import type { KeyPair } from './signing.ts';

/** A CA that can issue: its name byte for byte, its keys, its certificate (DER). */
export interface CertificationAuthority {
  readonly name: Buffer;
  readonly keys: KeyPair;
  readonly certificate: Buffer;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The extensions of one certificate by name, in the order of RFC 5280 4.2.1, so that a test can replace one. */
export type ExtensionSet = Readonly<Record<string, Extension>>;

export function rootExtensions(key: KeyObject): ExtensionSet {
  return {
    authorityKeyIdentifier: authorityKeyIdentifier(key),
    subjectKeyIdentifier: subjectKeyIdentifier(key),
    keyUsage: keyUsage(['keyCertSign', 'cRLSign']),
    basicConstraints: basicConstraints({ ca: true }),
  };
}

export interface IssuingCaRules {
  /** CA certificates that may follow below it; without it, any number. */
  readonly pathLength?: number;
  readonly policies: readonly string[];
  readonly crlUrl: string;
}

export function issuingCaExtensions(key: KeyObject, issuerKey: KeyObject, rules: IssuingCaRules): ExtensionSet {
  return {
    authorityKeyIdentifier: authorityKeyIdentifier(issuerKey),
    subjectKeyIdentifier: subjectKeyIdentifier(key),
    keyUsage: keyUsage(['keyCertSign', 'cRLSign']),
    certificatePolicies: certificatePolicies(rules.policies),
    basicConstraints: basicConstraints({
      ca: true,
      ...(rules.pathLength !== undefined && { pathLength: rules.pathLength }),
    }),
    crlDistributionPoints: crlDistributionPoints([{ fullName: [{ uri: rules.crlUrl }] }]),
  };
}

/** What stands in a card about its holder and its use. */
export interface CardRules {
  readonly policies: readonly string[];
  readonly keyUsages: readonly KeyUsageName[];
  readonly crlUrl: string;
  /** `YYYY-MM-DD` */
  readonly birthDate: string;
  readonly gender: 'F' | 'M';
}

export function cardExtensions(key: KeyObject, issuerKey: KeyObject, rules: CardRules): ExtensionSet {
  return {
    authorityKeyIdentifier: authorityKeyIdentifier(issuerKey),
    subjectKeyIdentifier: subjectKeyIdentifier(key),
    keyUsage: keyUsage(rules.keyUsages),
    certificatePolicies: certificatePolicies(rules.policies),
    subjectDirectoryAttributes: subjectDirectoryAttributes([dateOfBirth(rules.birthDate), gender(rules.gender)]),
    extendedKeyUsage: extendedKeyUsage(['clientAuth']),
    crlDistributionPoints: crlDistributionPoints([{ fullName: [{ uri: rules.crlUrl }] }]),
    qcStatements: naturalPersonSemantics(),
  };
}

/** Attribute types under the arc for examples (2.999) for what X.520 has no attribute for: names in Arabic, the card. */
export const ARABIC_GIVEN_NAME = '2.999.504.1';
export const ARABIC_FAMILY_NAME = '2.999.504.2';
export const DOCUMENT_NUMBER = '2.999.504.3';

export interface CardHolder {
  readonly country: string;
  /** ETSI EN 319 412-1 5.1.3, such as `PNOMA-...`. */
  readonly semanticsIdentifier: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly arabicGivenName?: string;
  readonly arabicFamilyName?: string;
  /** Of the card, which changes when it is renewed. */
  readonly documentNumber?: string;
}

/** The subject of a card (ETSI EN 319 412-2 4.2.4), one attribute in each relative distinguished name. */
export function cardSubject(holder: CardHolder): NameTemplate {
  const optional = (type: string, value: string | undefined): NameAttribute[] =>
    value === undefined ? [] : [{ type, value }];
  return [
    { type: 'countryName', value: holder.country },
    { type: 'surname', value: holder.familyName },
    { type: 'givenName', value: holder.givenName },
    ...optional(ARABIC_FAMILY_NAME, holder.arabicFamilyName),
    ...optional(ARABIC_GIVEN_NAME, holder.arabicGivenName),
    ...optional(DOCUMENT_NUMBER, holder.documentNumber),
    { type: 'commonName', value: `${holder.givenName} ${holder.familyName}` },
    { type: 'serialNumber', value: holder.semanticsIdentifier },
  ];
}

export function createRootCa(
  name: NameTemplate | Uint8Array,
  keys: KeyPair,
  validity: Validity,
): CertificationAuthority {
  const encodedName = encodeName(name);
  const certificate = mintCertificate({
    subject: encodedName,
    subjectKey: keys.publicKey,
    issuer: encodedName,
    issuerKey: keys.privateKey,
    ...validity,
    extensions: Object.values(rootExtensions(keys.publicKey)),
  });
  return { name: encodedName, keys, certificate };
}

export function createIssuingCa(
  root: CertificationAuthority,
  name: NameTemplate,
  keys: KeyPair,
  validity: Validity,
  rules: IssuingCaRules,
): CertificationAuthority {
  const encodedName = encodeName(name);
  const certificate = mintCertificate({
    subject: encodedName,
    subjectKey: keys.publicKey,
    issuer: root.name,
    issuerKey: root.keys.privateKey,
    ...validity,
    extensions: Object.values(issuingCaExtensions(keys.publicKey, root.keys.publicKey, rules)),
  });
  return { name: encodedName, keys, certificate };
}

/** The DER of a card's certificate for the given key. */
export function issueCard(
  issuer: CertificationAuthority,
  holder: CardHolder,
  key: KeyObject,
  validity: Validity,
  rules: CardRules,
): Buffer {
  return mintCertificate({
    subject: cardSubject(holder),
    subjectKey: key,
    issuer: issuer.name,
    issuerKey: issuer.keys.privateKey,
    ...validity,
    extensions: Object.values(cardExtensions(key, issuer.keys.publicKey, rules)),
  });
}

export interface Revocation {
  /** Contents octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly revokedAt: Date;
  readonly reason: ReasonCodeName;
}

/** The DER of a complete CRL of `issuer`. `number` must grow from one CRL to the next (RFC 5280 5.2.3). */
export function issueCrl(
  issuer: CertificationAuthority,
  revocations: readonly Revocation[],
  { thisUpdate, nextUpdate, number }: { readonly thisUpdate: Date; readonly nextUpdate: Date; readonly number: number },
): Buffer {
  return mintCrl({
    issuer: issuer.name,
    issuerKey: issuer.keys.privateKey,
    thisUpdate,
    nextUpdate,
    entries: revocations.map(({ serialNumber, revokedAt, reason }) => ({
      serialNumber,
      revocationDate: revokedAt,
      // 5.3.1: the absence of the extension means unspecified, and should be preferred to it.
      extensions: reason === 'unspecified' ? [] : [reasonCode(reason)],
    })),
    extensions: [authorityKeyIdentifier(issuer.keys.publicKey), crlNumber(number)],
  });
}
