/**
 * What RFC 5280 section 4 demands of every certificate of a conforming CA, beyond the syntax that parsing has checked and
 * beyond what section 6.1 makes of it: the checks of `strict` validation. A CA that breaks these rules may break others.
 */

import type { Certificate } from './certificate.ts';
import { EXTENSION } from './certificate-extensions.ts';
import { equalBytes } from './der.ts';
import type { GeneralName } from './general-name.ts';

export interface ProfileViolation {
  readonly clause: string;
  readonly rule: string;
}

/** `anchor`: a certificate that is trusted already; `issuer`: one that issued another one on the path; else the end entity. */
export type PlaceOnPath = 'anchor' | 'issuer' | 'end-entity';

/** The first rule that `certificate` breaks; undefined when it keeps them all. `isSelfSigned` is asked when it matters. */
export function violatedProfile(
  certificate: Certificate,
  place: PlaceOnPath,
  isSelfSigned: () => boolean,
): ProfileViolation | undefined {
  for (const rule of RULES) {
    const violation = rule(certificate, place, isSelfSigned);
    if (violation) return violation;
  }
  return undefined;
}

type Rule = (certificate: Certificate, place: PlaceOnPath, isSelfSigned: () => boolean) => ProfileViolation | undefined;

/** In the order of section 4. */
const RULES: readonly Rule[] = [
  signatureAlgorithmsMatch,
  serialNumber,
  issuerName,
  validity,
  subjectName,
  authorityKeyIdentifier,
  subjectKeyIdentifier,
  keyUsage,
  subjectAltName,
  basicConstraints,
  nameConstraints,
  policyConstraints,
  inhibitAnyPolicy,
];

function violation(clause: string, rule: string): ProfileViolation {
  return { clause, rule };
}

function isCritical(certificate: Certificate, oid: string): boolean | undefined {
  return certificate.extensions.get(oid)?.critical;
}

function signatureAlgorithmsMatch(certificate: Certificate): ProfileViolation | undefined {
  return equalBytes(certificate.unsignedSignatureAlgorithm, certificate.signatureAlgorithm.der)
    ? undefined
    : violation('4.1.1.2', 'the signature algorithm outside differs from the one inside');
}

/** A positive integer of at most 20 octets; an octet of zeros before a high bit is no part of the number. */
function serialNumber({ serialNumber }: Certificate): ProfileViolation | undefined {
  if (serialNumber === '00' || Number.parseInt(serialNumber.slice(0, 2), 16) >= 0x80) {
    return violation('4.1.2.2', 'the serial number is not positive');
  }
  return serialNumber.length > 40 ? violation('4.1.2.2', 'the serial number is longer than 20 octets') : undefined;
}

function issuerName({ issuer }: Certificate): ProfileViolation | undefined {
  return issuer.isEmpty ? violation('4.1.2.4', 'the issuer is empty') : undefined;
}

function validity({ hasUnusualTimeForm }: Certificate): ProfileViolation | undefined {
  return hasUnusualTimeForm ? violation('4.1.2.5', 'a date before 2050 is not a UTCTime') : undefined;
}

function subjectName(certificate: Certificate, place: PlaceOnPath): ProfileViolation | undefined {
  if (!certificate.subject.isEmpty) return undefined;
  if (place !== 'end-entity' || certificate.basicConstraints?.cA) {
    return violation('4.1.2.6', 'the subject of a CA is empty');
  }
  return isCritical(certificate, EXTENSION.subjectAltName) === true
    ? undefined
    : violation('4.1.2.6', 'neither a subject nor a critical subjectAltName');
}

/** keyIdentifier MUST be there, except in a self-signed certificate, whose key is known. */
function authorityKeyIdentifier(
  certificate: Certificate,
  _place: PlaceOnPath,
  isSelfSigned: () => boolean,
): ProfileViolation | undefined {
  if (isCritical(certificate, EXTENSION.authorityKeyIdentifier)) {
    return violation('4.2.1.1', 'authorityKeyIdentifier is critical');
  }
  if (certificate.authorityKeyIdentifier?.keyIdentifier !== undefined || isSelfSigned()) return undefined;
  return violation('4.2.1.1', 'authorityKeyIdentifier has no keyIdentifier');
}

function subjectKeyIdentifier(certificate: Certificate, place: PlaceOnPath): ProfileViolation | undefined {
  if (isCritical(certificate, EXTENSION.subjectKeyIdentifier)) {
    return violation('4.2.1.2', 'subjectKeyIdentifier is critical');
  }
  const required = place !== 'end-entity' || certificate.basicConstraints?.cA;
  return required && certificate.subjectKeyIdentifier === undefined
    ? violation('4.2.1.2', 'a CA has no subjectKeyIdentifier')
    : undefined;
}

/** 4.2.1.3, 4.2.1.9: keyCertSign without cA. */
function keyUsage({ keyUsage, basicConstraints }: Certificate): ProfileViolation | undefined {
  return keyUsage?.has('keyCertSign') && !basicConstraints?.cA
    ? violation('4.2.1.9', 'keyCertSign is asserted and cA is not')
    : undefined;
}

function subjectAltName({ subjectAltName }: Certificate): ProfileViolation | undefined {
  return subjectAltName?.every(isWellFormed) === false
    ? violation('4.2.1.6', 'a name of subjectAltName is not well-formed')
    : undefined;
}

function basicConstraints(certificate: Certificate): ProfileViolation | undefined {
  const constraints = certificate.basicConstraints;
  if (constraints?.cA && !isCritical(certificate, EXTENSION.basicConstraints)) {
    return violation('4.2.1.9', 'basicConstraints of a CA is not critical');
  }
  if (constraints?.pathLenConstraint === undefined) return undefined;
  return constraints.cA && certificate.keyUsage?.has('keyCertSign') !== false
    ? undefined
    : violation('4.2.1.9', 'pathLenConstraint is there and cA or keyCertSign is not asserted');
}

function nameConstraints(certificate: Certificate): ProfileViolation | undefined {
  const constraints = certificate.nameConstraints;
  if (!constraints) return undefined;
  if (!certificate.basicConstraints?.cA) return violation('4.2.1.10', 'nameConstraints in a certificate of no CA');
  if (!isCritical(certificate, EXTENSION.nameConstraints))
    return violation('4.2.1.10', 'nameConstraints is not critical');
  const wellFormed = [...constraints.permittedSubtrees, ...constraints.excludedSubtrees].every(
    (subtree) => subtree.kind !== 'dNSName' || subtree.value === '' || isHost(subtree.value),
  );
  return wellFormed ? undefined : violation('4.2.1.10', 'a dNSName subtree is not well-formed');
}

function policyConstraints(certificate: Certificate): ProfileViolation | undefined {
  return isCritical(certificate, EXTENSION.policyConstraints) === false
    ? violation('4.2.1.11', 'policyConstraints is not critical')
    : undefined;
}

function inhibitAnyPolicy(certificate: Certificate): ProfileViolation | undefined {
  return isCritical(certificate, EXTENSION.inhibitAnyPolicy) === false
    ? violation('4.2.1.14', 'inhibitAnyPolicy is not critical')
    : undefined;
}

function isWellFormed(name: GeneralName): boolean {
  switch (name.kind) {
    case 'dNSName':
      // The first label may be an asterisk, which RFC 5280 leaves to applications (4.2.1.6).
      return isHost(name.value.replace(/^\*\./, ''));
    case 'rfc822Name':
      return /^[!-?A-~]+@[!-?A-~]+$/.test(name.value);
    case 'uniformResourceIdentifier':
      return /^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(name.value);
    default:
      return true;
  }
}

/** The preferred name syntax of RFC 1034 3.5 as RFC 1123 2.1 modified it; an underscore is tolerated, an address is none. */
function isHost(text: string): boolean {
  if (text.length > 253 || /^[0-9.]+$/.test(text)) return false;
  return text.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}
