/**
 * The test authority: cards, CAs and CRLs, good and precisely bad, in DER.
 *
 *     const authority = createTestAuthority();             // root CA and issuing CA, P-256, dates around AT
 *     const good = issueTestCard(authority.issuing);       // { certificate: Buffer, keys, serialNumber }
 *     const bad  = issueTestCard(authority.issuing, { extensions: { keyUsage: keyUsage(['nonRepudiation']) } });
 *     const crl  = issueTestCrl(authority.issuing, { revoked: [{ serialNumber: good.serialNumber }] });
 *
 * Everything follows RFC 5280 section 4 unless an option says otherwise, so a bad one differs from a good one by
 * exactly the option given:
 *
 *     extensions: { basicConstraints: null }               // left out
 *     extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) }            // replaced; builders of
 *     moreExtensions: [extension('2.999.1', true, nullValue())]                     //   src/demo/*-extensions.ts
 *     subject: [...cardSubject(HOLDER), { type: 'commonName', value: 'X, serialNumber=PNOMA-ZZ999999' }]
 *     subject: [[{ type: 'commonName', ... }, { type: 'serialNumber', ... }]]       // one RDN with several values
 *     subject: [{ type: 'countryName', value: 'MA', encoding: 'utf8' }]             // another string type
 *     issuerName / issuerKey                               // name of one CA, key of another (S6, S8)
 *     notBefore, notAfter, serialNumber, version, signatureAlgorithm, outerSignatureAlgorithm, keys
 *
 * CRLs, with the builders of src/demo/crl-extensions.ts:
 *
 *     issueTestCrl(ca, { extensions: { scope: issuingDistributionPoint({ onlyContainsUserCerts: true }) } })
 *     issueTestCrl(ca, { number: 8, extensions: { delta: deltaCrlIndicator(7) } })
 *     issueTestCrl(ca, { extensions: { scope: issuingDistributionPoint({ indirectCRL: true }) },
 *       revoked: [{ serialNumber, moreExtensions: [certificateIssuer([{ directory: otherCa.name }])] }] })
 *     issueTestCrl(ca, { issuerKey: stranger.keys.privateKey })     // right name, wrong signer
 *     issueTestCrl(ca, { nextUpdate: null })                        // left out; thisUpdate, version likewise
 *
 * `issueTestCa` takes the same options and returns a CA that can issue further: several levels, same names with other
 * keys, cross-certificates (give `keys` and `subject` of an existing CA), path lengths, constraints, policies, mappings.
 * The dates of everything are around AT; no clock is read.
 */
import {
  type CardHolder,
  type CertificationAuthority,
  cardExtensions,
  cardSubject,
  createIssuingCa,
  createRootCa,
  type ExtensionSet,
  issuingCaExtensions,
  rootExtensions,
} from '../../src/demo/authority.ts';
import { authorityKeyIdentifier } from '../../src/demo/certificate-extensions.ts';
import { type CertificateTemplate, mintCertificate, randomSerialNumber } from '../../src/demo/certificate-minting.ts';
import { crlNumber, type ReasonCodeName, reasonCode } from '../../src/demo/crl-extensions.ts';
import { type CrlTemplate, mintCrl } from '../../src/demo/crl-minting.ts';
import { encodeName, type NameTemplate } from '../../src/demo/distinguished-name.ts';
import type { Extension } from '../../src/demo/extension.ts';
import { encodePem } from '../../src/demo/pem.ts';
import { generateKeys, type KeyPair, type KeyType } from '../../src/demo/signing.ts';

/** The moment that tests take as now. */
export const AT = new Date('2026-06-01T12:00:00Z');

const DAY = 86_400_000;

/** AT, moved by whole or broken days. */
export function daysFromAt(days: number): Date {
  return new Date(AT.getTime() + days * DAY);
}

export const TEST_POLICY = '2.999.504.10';
export const OTHER_POLICY = '2.999.504.11';
export const TEST_CRL_URL = 'http://crl.thiqa.example/issuing.crl';

export const ROOT_NAME: NameTemplate = [
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Thiqa test' },
  { type: 'commonName', value: 'Thiqa test root CA' },
];
export const ISSUING_NAME: NameTemplate = [
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Thiqa test' },
  { type: 'commonName', value: 'Thiqa test issuing CA' },
];

/** The holder of every test card, unless a subject is given; nobody's name and number. */
export const HOLDER: CardHolder = {
  country: 'MA',
  semanticsIdentifier: 'PNOMA-ZT123456',
  givenName: 'Amina',
  familyName: 'El Mansouri',
  arabicGivenName: 'أمينة',
  arabicFamilyName: 'المنصوري',
};

export interface TestAuthority {
  readonly root: CertificationAuthority;
  readonly issuing: CertificationAuthority;
}

/** A root CA and an issuing CA (path length 0). Two calls give two authorities of the same names and other keys. */
export function createTestAuthority({ keyType = 'P-256' }: { readonly keyType?: KeyType } = {}): TestAuthority {
  const validity = { notBefore: daysFromAt(-1000), notAfter: daysFromAt(5000) };
  const root = createRootCa(ROOT_NAME, generateKeys(keyType), validity);
  const issuing = createIssuingCa(root, ISSUING_NAME, generateKeys(keyType), validity, CA_RULES);
  return { root, issuing };
}

const CA_RULES = { pathLength: 0, policies: [TEST_POLICY], crlUrl: TEST_CRL_URL };

/** Every way in which a certificate can differ from the good one. */
export interface CertificateChanges
  extends Partial<
    Pick<
      CertificateTemplate,
      | 'subject'
      | 'notBefore'
      | 'notAfter'
      | 'serialNumber'
      | 'version'
      | 'signatureAlgorithm'
      | 'outerSignatureAlgorithm'
    >
  > {
  readonly keys?: KeyPair;
  readonly issuerName?: NameTemplate | Uint8Array;
  readonly issuerKey?: KeyPair['privateKey'];
  /** By name: an extension replaces the good one or is added, null leaves it out. */
  readonly extensions?: Readonly<Record<string, Extension | null>>;
  /** Appended as they are: unknown ones, repeated ones. */
  readonly moreExtensions?: readonly Extension[];
}

export interface TestCertificate {
  readonly certificate: Buffer;
  readonly keys: KeyPair;
  readonly serialNumber: Buffer;
}

/** A card of HOLDER: digitalSignature, clientAuth, TEST_POLICY, valid around AT. */
export function issueTestCard(issuer: CertificationAuthority, changes: CertificateChanges = {}): TestCertificate {
  const keys = changes.keys ?? generateKeys();
  const good = cardExtensions(keys.publicKey, issuer.keys.publicKey, {
    policies: [TEST_POLICY],
    keyUsages: ['digitalSignature'],
    crlUrl: TEST_CRL_URL,
    birthDate: '1990-02-28',
    gender: 'F',
  });
  return issueChanged(issuer, cardSubject(HOLDER), keys, good, changes);
}

/** A CA below `issuer`; its path length is absent unless given. */
export function issueTestCa(
  issuer: CertificationAuthority,
  changes: CertificateChanges & { readonly pathLength?: number; readonly policies?: readonly string[] } = {},
): CertificationAuthority & TestCertificate {
  const keys = changes.keys ?? generateKeys();
  const { pathLength, policies = [TEST_POLICY] } = changes;
  const good = issuingCaExtensions(keys.publicKey, issuer.keys.publicKey, {
    policies,
    crlUrl: TEST_CRL_URL,
    ...(pathLength !== undefined && { pathLength }),
  });
  const issued = issueChanged(issuer, ISSUING_NAME, keys, good, changes);
  return { ...issued, name: encodeName(changes.subject ?? ISSUING_NAME) };
}

/** A self-signed CA; `changes` as for any other certificate. */
export function issueTestRoot(changes: CertificateChanges = {}): CertificationAuthority & TestCertificate {
  const keys = changes.keys ?? generateKeys();
  const name = encodeName(changes.subject ?? ROOT_NAME);
  const itself = { name, keys, certificate: Buffer.alloc(0) };
  return { ...issueChanged(itself, name, keys, rootExtensions(keys.publicKey), changes), name };
}

function issueChanged(
  issuer: CertificationAuthority,
  subject: NameTemplate | Uint8Array,
  keys: KeyPair,
  good: ExtensionSet,
  changes: CertificateChanges,
): TestCertificate {
  const merged = { ...good, ...changes.extensions };
  const serialNumber = Buffer.from(changes.serialNumber ?? randomSerialNumber());
  const certificate = mintCertificate({
    subject: changes.subject ?? subject,
    subjectKey: keys.publicKey,
    issuer: changes.issuerName ?? issuer.name,
    issuerKey: changes.issuerKey ?? issuer.keys.privateKey,
    notBefore: changes.notBefore ?? daysFromAt(-100),
    notAfter: changes.notAfter ?? daysFromAt(1000),
    serialNumber,
    extensions: [...Object.values(merged).filter((extension) => extension !== null), ...(changes.moreExtensions ?? [])],
    ...(changes.version !== undefined && { version: changes.version }),
    ...(changes.signatureAlgorithm !== undefined && { signatureAlgorithm: changes.signatureAlgorithm }),
    ...(changes.outerSignatureAlgorithm !== undefined && { outerSignatureAlgorithm: changes.outerSignatureAlgorithm }),
  });
  return { certificate, keys, serialNumber };
}

export interface TestRevocation {
  readonly serialNumber: Uint8Array;
  readonly revokedAt?: Date;
  readonly reason?: ReasonCodeName;
  /** Further entry extensions: certificateIssuer of an indirect CRL, unknown critical ones. */
  readonly moreExtensions?: readonly Extension[];
}

export interface CrlChanges
  extends Partial<Pick<CrlTemplate, 'thisUpdate' | 'version' | 'signatureAlgorithm' | 'outerSignatureAlgorithm'>> {
  readonly revoked?: readonly TestRevocation[];
  /** null leaves it out. */
  readonly nextUpdate?: Date | null;
  readonly number?: number;
  readonly issuerName?: NameTemplate | Uint8Array;
  readonly issuerKey?: KeyPair['privateKey'];
  /** By name (authorityKeyIdentifier, crlNumber, or any other name for one more): replace, add, or null to leave out. */
  readonly extensions?: Readonly<Record<string, Extension | null>>;
}

/** A complete CRL of `issuer`, from a day before AT to a week after; nothing revoked unless given. */
export function issueTestCrl(issuer: CertificationAuthority, changes: CrlChanges = {}): Buffer {
  const extensions: Readonly<Record<string, Extension | null>> = {
    authorityKeyIdentifier: authorityKeyIdentifier(issuer.keys.publicKey),
    crlNumber: crlNumber(changes.number ?? 1),
    ...changes.extensions,
  };
  const nextUpdate = changes.nextUpdate === undefined ? daysFromAt(7) : changes.nextUpdate;
  return mintCrl({
    issuer: changes.issuerName ?? issuer.name,
    issuerKey: changes.issuerKey ?? issuer.keys.privateKey,
    thisUpdate: changes.thisUpdate ?? daysFromAt(-1),
    ...(nextUpdate !== null && { nextUpdate }),
    entries: (changes.revoked ?? []).map(({ serialNumber, revokedAt, reason, moreExtensions = [] }) => ({
      serialNumber,
      revocationDate: revokedAt ?? daysFromAt(-2),
      extensions: [...(reason === undefined ? [] : [reasonCode(reason)]), ...moreExtensions],
    })),
    extensions: Object.values(extensions).filter((extension) => extension !== null),
    ...(changes.version !== undefined && { version: changes.version }),
    ...(changes.signatureAlgorithm !== undefined && { signatureAlgorithm: changes.signatureAlgorithm }),
    ...(changes.outerSignatureAlgorithm !== undefined && { outerSignatureAlgorithm: changes.outerSignatureAlgorithm }),
  });
}

/** PEM of a certificate or CRL, for OpenSSL and for TLS. */
export function pemOf(der: Uint8Array, label: 'CERTIFICATE' | 'X509 CRL' = 'CERTIFICATE'): string {
  return encodePem(label, der);
}
