/**
 * The extensions of a certificate that RFC 5280 4.2 defines, each read whole when the certificate is: an extension that
 * this room would act on is well-formed, or the certificate is refused.
 */
import { DerCursor, DerError, enterWhole, TAG, toHex } from './der.ts';
import type { Extensions } from './extension.ts';
import {
  type DistributionPoint,
  type GeneralName,
  readDistributionPoints,
  readGeneralName,
  readGeneralNames,
  readNamedBits,
} from './general-name.ts';
import { readAttributeText } from './name.ts';

/** Object identifiers of the extensions (id-ce, id-pe). */
export const EXTENSION = {
  subjectDirectoryAttributes: '2.5.29.9',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCRL: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const;

export const KEY_USAGE_BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsageBit = (typeof KEY_USAGE_BITS)[number];

/** 4.2.1.1; octets in hexadecimal. */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: string;
  readonly authorityCertIssuer?: readonly GeneralName[];
  readonly authorityCertSerialNumber?: string;
}

/** 4.2.1.4 */
export interface PolicyInformation {
  readonly policyIdentifier: string;
  /** Object identifiers of the qualifiers. */
  readonly qualifiers: readonly string[];
}

/** 4.2.1.5 */
export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

/** 4.2.1.8: `values` are the texts, undefined where a value is no text; `ders` the encodings. */
export interface DirectoryAttribute {
  readonly type: string;
  readonly values: readonly (string | undefined)[];
  readonly ders: readonly Uint8Array[];
}

/** 4.2.1.9 */
export interface BasicConstraints {
  readonly cA: boolean;
  readonly pathLenConstraint?: number;
}

/** 4.2.1.10: the bases of the subtrees; `minimum` is always 0 and `maximum` absent. */
export interface NameConstraints {
  readonly permittedSubtrees: readonly GeneralName[];
  readonly excludedSubtrees: readonly GeneralName[];
}

/** 4.2.1.11; numbers of certificates. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
}

/** 4.2.2.1 */
export interface AccessDescription {
  readonly accessMethod: string;
  readonly accessLocation: GeneralName;
}

export interface CertificateExtensions {
  readonly subjectDirectoryAttributes: readonly DirectoryAttribute[] | undefined;
  /** Hexadecimal. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly keyUsage: ReadonlySet<KeyUsageBit> | undefined;
  readonly subjectAltName: readonly GeneralName[] | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly cRLDistributionPoints: readonly DistributionPoint[] | undefined;
  readonly certificatePolicies: readonly PolicyInformation[] | undefined;
  readonly policyMappings: readonly PolicyMapping[] | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly freshestCRL: readonly DistributionPoint[] | undefined;
  /** SkipCerts. */
  readonly inhibitAnyPolicy: number | undefined;
  readonly authorityInfoAccess: readonly AccessDescription[] | undefined;
}

/** Numbers of certificates on a path: nobody means more than 255, and what does not fit an octet is not believed. */
const LARGEST_SKIP = 255;

/** @throws DerError */
export function readCertificateExtensions(extensions: Extensions): CertificateExtensions {
  /** The value of an extension, read to its last octet by `read`, which stands within its SEQUENCE. */
  const within = <T>(oid: string, read: (cursor: DerCursor) => T): T | undefined => {
    const extension = extensions.get(oid);
    if (!extension) return undefined;
    const cursor = enterWhole(extension.value);
    const result = read(cursor);
    cursor.expectEnd();
    return result;
  };
  /** The same for an extension that is no SEQUENCE. */
  const whole = <T>(oid: string, read: (cursor: DerCursor) => T): T | undefined => {
    const extension = extensions.get(oid);
    if (!extension) return undefined;
    const cursor = new DerCursor(extension.value);
    const result = read(cursor);
    cursor.expectEnd();
    return result;
  };
  // Not acted on, but a name that nobody can read is a fault all the same.
  within(EXTENSION.issuerAltName, readGeneralNames);
  return {
    subjectDirectoryAttributes: within(EXTENSION.subjectDirectoryAttributes, (cursor) =>
      listOf(cursor, readDirectoryAttribute),
    ),
    subjectKeyIdentifier: whole(EXTENSION.subjectKeyIdentifier, (cursor) => toHex(cursor.octetString())),
    keyUsage: whole(EXTENSION.keyUsage, readKeyUsage),
    subjectAltName: within(EXTENSION.subjectAltName, readGeneralNames),
    basicConstraints: within(EXTENSION.basicConstraints, readBasicConstraints),
    nameConstraints: within(EXTENSION.nameConstraints, readNameConstraints),
    cRLDistributionPoints: within(EXTENSION.cRLDistributionPoints, readDistributionPoints),
    certificatePolicies: within(EXTENSION.certificatePolicies, readCertificatePolicies),
    policyMappings: within(EXTENSION.policyMappings, (cursor) => listOf(cursor, readPolicyMapping)),
    authorityKeyIdentifier: within(EXTENSION.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    policyConstraints: within(EXTENSION.policyConstraints, readPolicyConstraints),
    extendedKeyUsage: within(EXTENSION.extendedKeyUsage, (cursor) => listOf(cursor, () => cursor.objectIdentifier())),
    freshestCRL: within(EXTENSION.freshestCRL, readDistributionPoints),
    inhibitAnyPolicy: whole(EXTENSION.inhibitAnyPolicy, (cursor) => cursor.smallInteger(LARGEST_SKIP)),
    authorityInfoAccess: within(EXTENSION.authorityInfoAccess, (cursor) => listOf(cursor, readAccessDescription)),
  };
}

/** SEQUENCE SIZE (1..MAX) OF */
function listOf<T>(cursor: DerCursor, read: (cursor: DerCursor) => T): readonly T[] {
  const list: T[] = [];
  do list.push(read(cursor));
  while (!cursor.atEnd);
  return list;
}

/** 4.2.1.1: the issuer and the serial number stand together or not at all. */
function readAuthorityKeyIdentifier(cursor: DerCursor): AuthorityKeyIdentifier {
  const keyIdentifier = cursor.nextTag === TAG.CONTEXT + 0 ? toHex(cursor.octetString(TAG.CONTEXT + 0)) : undefined;
  const issuer = cursor.enterOptional(TAG.CONTEXT_CONSTRUCTED + 1);
  const authorityCertIssuer = issuer && readGeneralNames(issuer);
  const serial = cursor.nextTag === TAG.CONTEXT + 2 ? toHex(cursor.integer(TAG.CONTEXT + 2)) : undefined;
  if ((authorityCertIssuer === undefined) !== (serial === undefined)) {
    throw new DerError('authorityCertIssuer without authorityCertSerialNumber, or the reverse', cursor.position);
  }
  return {
    ...(keyIdentifier !== undefined && { keyIdentifier }),
    ...(authorityCertIssuer && { authorityCertIssuer }),
    ...(serial !== undefined && { authorityCertSerialNumber: serial }),
  };
}

/** 4.2.1.3: when the extension appears, at least one of the bits MUST be set. */
function readKeyUsage(cursor: DerCursor): ReadonlySet<KeyUsageBit> {
  const usage = readNamedBits(cursor, TAG.BIT_STRING, KEY_USAGE_BITS);
  if (usage.size === 0) throw new DerError('keyUsage without a usage', cursor.elementStart);
  return usage;
}

/** 4.2.1.4: a policy MUST NOT stand twice. */
function readCertificatePolicies(cursor: DerCursor): readonly PolicyInformation[] {
  const seen = new Set<string>();
  return listOf(cursor, () => {
    const policy = cursor.sequence();
    const policyIdentifier = policy.objectIdentifier();
    if (seen.has(policyIdentifier)) throw new DerError('certificate policy stands twice', policy.elementStart);
    seen.add(policyIdentifier);
    const list = policy.enterOptional(TAG.SEQUENCE);
    policy.expectEnd();
    return { policyIdentifier, qualifiers: list ? listOf(list, readPolicyQualifier) : [] };
  });
}

function readPolicyQualifier(cursor: DerCursor): string {
  const info = cursor.sequence();
  const qualifier = info.objectIdentifier();
  info.any();
  info.expectEnd();
  return qualifier;
}

function readPolicyMapping(cursor: DerCursor): PolicyMapping {
  const pair = cursor.sequence();
  const issuerDomainPolicy = pair.objectIdentifier();
  const subjectDomainPolicy = pair.objectIdentifier();
  pair.expectEnd();
  return { issuerDomainPolicy, subjectDomainPolicy };
}

function readDirectoryAttribute(cursor: DerCursor): DirectoryAttribute {
  const attribute = cursor.sequence();
  const type = attribute.objectIdentifier();
  const set = attribute.set();
  attribute.expectEnd();
  const values: (string | undefined)[] = [];
  const ders: Uint8Array[] = [];
  do {
    values.push(readAttributeText(set));
    ders.push(set.element);
  } while (!set.atEnd);
  return { type, values, ders };
}

/** An encoded `cA FALSE`, which DER leaves out, is so common that it is read as what it says. */
function readBasicConstraints(cursor: DerCursor): BasicConstraints {
  const cA = cursor.nextTag === TAG.BOOLEAN ? cursor.boolean() : false;
  if (cursor.atEnd) return { cA };
  return { cA, pathLenConstraint: cursor.smallInteger(LARGEST_SKIP) };
}

function readNameConstraints(cursor: DerCursor): NameConstraints {
  const permitted = cursor.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  const permittedSubtrees = permitted ? listOf(permitted, readGeneralSubtree) : [];
  const excluded = cursor.enterOptional(TAG.CONTEXT_CONSTRUCTED + 1);
  const excludedSubtrees = excluded ? listOf(excluded, readGeneralSubtree) : [];
  if (!permitted && !excluded) throw new DerError('nameConstraints that constrain nothing', cursor.position);
  return { permittedSubtrees, excludedSubtrees };
}

/** 4.2.1.10: minimum is 0, which as the default is left out, and maximum is absent. */
function readGeneralSubtree(cursor: DerCursor): GeneralName {
  const subtree = cursor.sequence();
  const base = readGeneralName(subtree, true);
  subtree.expectEnd();
  return base;
}

/** 4.2.1.11: MUST NOT be an empty sequence. */
function readPolicyConstraints(cursor: DerCursor): PolicyConstraints {
  const read = (number: number): number | undefined =>
    cursor.nextTag === TAG.CONTEXT + number ? cursor.smallInteger(LARGEST_SKIP, TAG.CONTEXT + number) : undefined;
  const requireExplicitPolicy = read(0);
  const inhibitPolicyMapping = read(1);
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined) {
    throw new DerError('policyConstraints that constrain nothing', cursor.position);
  }
  return {
    ...(requireExplicitPolicy !== undefined && { requireExplicitPolicy }),
    ...(inhibitPolicyMapping !== undefined && { inhibitPolicyMapping }),
  };
}

function readAccessDescription(cursor: DerCursor): AccessDescription {
  const fields = cursor.sequence();
  const accessMethod = fields.objectIdentifier();
  const accessLocation = readGeneralName(fields);
  fields.expectEnd();
  return { accessMethod, accessLocation };
}
