/**
 * Whether a certificate is that of a registered subject (RFC 8705 2.1.2): exactly one member of the registration says which
 * name it must carry. Names are read out of the DER by us (S15): a text that a library made of them can be forged.
 */
import type { Certificate } from '../pki/certificate.ts';
import type { GeneralName } from '../pki/general-name.ts';
import { equalNames, type Name } from '../pki/name.ts';
import { parseDistinguishedName } from './distinguished-name.ts';

/** RFC 8705 2.1.2 */
export const SUBJECT_MEMBERS = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const;
export type SubjectMember = (typeof SUBJECT_MEMBERS)[number];

export function isSubjectMember(name: string): name is SubjectMember {
  return SUBJECT_MEMBERS.some((member) => member === name);
}

/** Whether a certificate could carry this name at all: what no certificate can match would lock a portal out. */
export function isSubject(member: SubjectMember, text: string): boolean {
  switch (member) {
    case 'tls_client_auth_subject_dn':
      return readName(text) !== undefined;
    case 'tls_client_auth_san_dns':
      // A pattern is no name of a portal.
      return /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(
        text,
      );
    case 'tls_client_auth_san_uri':
      return URL.canParse(text);
    case 'tls_client_auth_san_ip':
      return plainAddress(text) !== undefined;
    case 'tls_client_auth_san_email':
      return /^[!-?A-~]+@[A-Za-z0-9.-]+$/.test(text);
  }
}

/** @returns false too for an expected value that is not of its form: what cannot be read is nobody's name */
export function matchesSubject(certificate: Certificate, member: SubjectMember, expected: string): boolean {
  const altNames = certificate.subjectAltName ?? [];
  switch (member) {
    case 'tls_client_auth_subject_dn':
      return hasSubject(certificate, expected);
    case 'tls_client_auth_san_dns':
      // RFC 5280 7.2: without regard to case. An expected name is never a pattern, nor is the certificate's.
      return altNames.some((name) => name.kind === 'dNSName' && sameAscii(name.value, expected));
    case 'tls_client_auth_san_uri':
      return altNames.some((name) => name.kind === 'uniformResourceIdentifier' && name.value === expected);
    case 'tls_client_auth_san_ip':
      return hasAddress(altNames, expected);
    case 'tls_client_auth_san_email':
      return altNames.some((name) => name.kind === 'rfc822Name' && sameMailbox(name.value, expected));
  }
}

function hasSubject({ subject }: Certificate, expected: string): boolean {
  const name = readName(expected);
  return name !== undefined && equalNames(subject, name);
}

function readName(text: string): Name | undefined {
  try {
    return parseDistinguishedName(text);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // its way to say that this is no name
    throw error;
  }
}

/** RFC 8705 2.1.2: addresses are compared as their binary, whatever their text. */
function hasAddress(altNames: readonly GeneralName[], expected: string): boolean {
  const address = plainAddress(expected);
  if (address === undefined) return false;
  return altNames.some((name) => name.kind === 'iPAddress' && plainAddress(textOf(name.octets)) === address);
}

function textOf(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  return Array.from({ length: 8 }, (_, group) =>
    (((octets[group * 2] ?? 0) << 8) | (octets[group * 2 + 1] ?? 0)).toString(16),
  ).join(':');
}

/** One text for each address: dotted decimal of four plain numbers, or the form of RFC 5952. */
function plainAddress(text: string): string | undefined {
  if (/^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text)) {
    return text.split('.').every((part) => Number(part) <= 255) ? text : undefined;
  }
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !text.includes(':')) return undefined;
  return URL.parse(`http://[${text}]/`)?.hostname;
}

/** RFC 5280 7.5: the local part as it is written, the host without regard to case. */
function sameMailbox(one: string, other: string): boolean {
  const [at, otherAt] = [one.lastIndexOf('@'), other.lastIndexOf('@')];
  if (at < 1 || otherAt < 1) return false;
  return one.slice(0, at) === other.slice(0, otherAt) && sameAscii(one.slice(at + 1), other.slice(otherAt + 1));
}

function sameAscii(one: string, other: string): boolean {
  const fold = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return one !== '' && fold(one) === fold(other);
}
