/**
 * The extensions of a certificate, each written as RFC 5280 4.2 defines it. `critical` has the value that the standard
 * asks for unless the caller says otherwise.
 */
import type { KeyObject } from 'node:crypto';
import {
  boolean,
  characterString,
  generalizedTime,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
} from '../pki/der-writer.ts';
import { type Extension, extension } from './extension.ts';
import {
  type DistributionPoint,
  encodeDistributionPoint,
  encodeGeneralName,
  type GeneralNameTemplate,
} from './general-name.ts';
import { keyIdentifier } from './signing.ts';

/** 4.2.1.1 */
export function authorityKeyIdentifier(issuerKey: KeyObject, critical = false): Extension {
  return extension('2.5.29.35', critical, sequence(implicit(0, octetString(keyIdentifier(issuerKey)))));
}

/** 4.2.1.2 */
export function subjectKeyIdentifier(subjectKey: KeyObject, critical = false): Extension {
  return extension('2.5.29.14', critical, octetString(keyIdentifier(subjectKey)));
}

const KEY_USAGE_BITS = [
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
export type KeyUsageName = (typeof KEY_USAGE_BITS)[number];

/** 4.2.1.3 */
export function keyUsage(usages: readonly KeyUsageName[], critical = true): Extension {
  return extension('2.5.29.15', critical, namedBits(usages.map((usage) => KEY_USAGE_BITS.indexOf(usage))));
}

export const ANY_POLICY = '2.5.29.32.0';

/** 4.2.1.4, without qualifiers. */
export function certificatePolicies(policies: readonly string[], critical = false): Extension {
  return extension('2.5.29.32', critical, sequence(...policies.map((oid) => sequence(objectIdentifier(oid)))));
}

/** 4.2.1.5: pairs of issuerDomainPolicy and subjectDomainPolicy. */
export function policyMappings(pairs: readonly (readonly [string, string])[], critical = true): Extension {
  const mappings = pairs.map(([issuer, subject]) => sequence(objectIdentifier(issuer), objectIdentifier(subject)));
  return extension('2.5.29.33', critical, sequence(...mappings));
}

/** 4.2.1.6 */
export function subjectAlternativeName(names: readonly GeneralNameTemplate[], critical = false): Extension {
  return extension('2.5.29.17', critical, sequence(...names.map(encodeGeneralName)));
}

export const DATE_OF_BIRTH = '1.3.6.1.5.5.7.9.1';
export const GENDER = '1.3.6.1.5.5.7.9.3';

export interface DirectoryAttribute {
  readonly oid: string;
  readonly values: readonly Uint8Array[];
}

/** RFC 3739 3.2.2: a day is written as noon GMT, so that no time zone makes another day of it. */
export function dateOfBirth(day: string): DirectoryAttribute {
  return { oid: DATE_OF_BIRTH, values: [generalizedTime(new Date(`${day}T12:00:00Z`))] };
}

/** RFC 3739 3.2.2 */
export function gender(letter: 'F' | 'M'): DirectoryAttribute {
  return { oid: GENDER, values: [characterString(letter, 'printable')] };
}

/** 4.2.1.8 */
export function subjectDirectoryAttributes(attributes: readonly DirectoryAttribute[], critical = false): Extension {
  const encoded = attributes.map(({ oid, values }) => sequence(objectIdentifier(oid), setOf(...values)));
  return extension('2.5.29.9', critical, sequence(...encoded));
}

/** 4.2.1.9. `ca: false` is the default and stays out of the encoding. */
export function basicConstraints(
  { ca, pathLength }: { readonly ca: boolean; readonly pathLength?: number },
  critical = true,
): Extension {
  const fields = [...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return extension('2.5.29.19', critical, sequence(...fields));
}

/** 4.2.1.10 */
export function nameConstraints(
  {
    permitted,
    excluded,
  }: { readonly permitted?: readonly GeneralNameTemplate[]; readonly excluded?: readonly GeneralNameTemplate[] },
  critical = true,
): Extension {
  const subtrees = (names: readonly GeneralNameTemplate[]): Buffer =>
    sequence(...names.map((name) => sequence(encodeGeneralName(name))));
  const fields = [
    ...(permitted ? [implicit(0, subtrees(permitted))] : []),
    ...(excluded ? [implicit(1, subtrees(excluded))] : []),
  ];
  return extension('2.5.29.30', critical, sequence(...fields));
}

/** 4.2.1.11 */
export function policyConstraints(
  {
    requireExplicitPolicy,
    inhibitPolicyMapping,
  }: { readonly requireExplicitPolicy?: number; readonly inhibitPolicyMapping?: number },
  critical = true,
): Extension {
  const fields = [
    ...(requireExplicitPolicy === undefined ? [] : [implicit(0, integer(requireExplicitPolicy))]),
    ...(inhibitPolicyMapping === undefined ? [] : [implicit(1, integer(inhibitPolicyMapping))]),
  ];
  return extension('2.5.29.36', critical, sequence(...fields));
}

export const EXTENDED_KEY_USAGES = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
} as const;
export type ExtendedKeyUsageName = keyof typeof EXTENDED_KEY_USAGES;

/** 4.2.1.12 */
export function extendedKeyUsage(usages: readonly ExtendedKeyUsageName[], critical = false): Extension {
  return extension(
    '2.5.29.37',
    critical,
    sequence(...usages.map((usage) => objectIdentifier(EXTENDED_KEY_USAGES[usage]))),
  );
}

/** 4.2.1.13 */
export function crlDistributionPoints(points: readonly DistributionPoint[], critical = false): Extension {
  return extension('2.5.29.31', critical, sequence(...points.map(encodeDistributionPoint)));
}

/** 4.2.1.14 */
export function inhibitAnyPolicy(skipCertificates: number, critical = true): Extension {
  return extension('2.5.29.54', critical, integer(skipCertificates));
}

/** 4.2.1.15 in a certificate, 5.2.6 in a CRL */
export function freshestCrl(points: readonly DistributionPoint[], critical = false): Extension {
  return extension('2.5.29.46', critical, sequence(...points.map(encodeDistributionPoint)));
}

/** 4.2.2.1 */
export function authorityInformationAccess(
  { ocsp = [], caIssuers = [] }: { readonly ocsp?: readonly string[]; readonly caIssuers?: readonly string[] },
  critical = false,
): Extension {
  const description =
    (method: string) =>
    (uri: string): Buffer =>
      sequence(objectIdentifier(method), encodeGeneralName({ uri }));
  const descriptions = [
    ...ocsp.map(description('1.3.6.1.5.5.7.48.1')),
    ...caIssuers.map(description('1.3.6.1.5.5.7.48.2')),
  ];
  return extension('1.3.6.1.5.5.7.1.1', critical, sequence(...descriptions));
}

/** ETSI EN 319 412-1 5.1: the statement that the serialNumber of the subject is a semantics identifier of a natural person. */
export function naturalPersonSemantics(): Extension {
  const semantics = sequence(objectIdentifier('0.4.0.194121.1.1'));
  return extension('1.3.6.1.5.5.7.1.3', false, sequence(sequence(objectIdentifier('1.3.6.1.5.5.7.11.2'), semantics)));
}
