/**
 * The signing certificates that a Web eID token of version 1.1 may carry (Web eID for Mobile, "Extended token format"):
 * `unverifiedSigningCertificates`, a list; an earlier draft had one, in members of the token itself.
 *
 * Nothing of them is used to sign anybody in, and nobody is trusted for them, so no path of theirs is looked for. But a
 * token that contradicts itself in them is no token: they are of the person and the issuer of the authentication
 * certificate, for signatures, and say by which algorithms.
 */
import { CertificateError, EvidenceError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { equalNames } from '../pki/name.ts';
import { type Members, malformed, membersOf, readBase64Certificate } from './web-eid-members.ts';

const CRYPTO_ALGORITHMS: readonly unknown[] = ['ECC', 'RSA'];
const HASH_FUNCTIONS: readonly unknown[] = ['224', '256', '384', '512'].flatMap((bits) => [
  `SHA-${bits}`,
  `SHA3-${bits}`,
]);
const PADDING_SCHEMES: readonly unknown[] = ['NONE', 'PKCS1.5', 'PSS'];

/** A card carries one or two; the rest would only be work. */
const MOST_CERTIFICATES = 4;

/** @throws EvidenceError WEB_EID_TOKEN_MALFORMED */
export function requireConsistentSigningCertificates(
  token: Members,
  minorVersion: number,
  authentication: Certificate,
): void {
  const list = token.get('unverifiedSigningCertificates');
  const single = token.get('unverifiedSigningCertificate');
  if (list === undefined && single === undefined) return;
  if (minorVersion === 0) throw malformed('a signing certificate stands in a token of version 1.0');
  if (list !== undefined) {
    if (!Array.isArray(list) || list.length === 0 || list.length > MOST_CERTIFICATES) {
      throw malformed('unverifiedSigningCertificates is not a short list');
    }
    for (const entry of list) {
      const members = membersOf(entry);
      requireConsistent(members?.get('certificate'), members?.get('supportedSignatureAlgorithms'), authentication);
    }
  }
  if (single !== undefined) requireConsistent(single, token.get('supportedSignatureAlgorithms'), authentication);
}

function requireConsistent(value: unknown, algorithms: unknown, authentication: Certificate): void {
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isSignatureAlgorithm)) {
    throw malformed('supportedSignatureAlgorithms is not a list of signature algorithms');
  }
  const certificate = readSigningCertificate(value);
  if (!equalNames(certificate.subject, authentication.subject)) {
    throw malformed('the signing certificate is of another subject');
  }
  if (!equalNames(certificate.issuer, authentication.issuer)) {
    throw malformed('the signing certificate is of another issuer');
  }
  if (!certificate.keyUsage?.has('nonRepudiation')) throw malformed('the signing certificate is not for signatures');
}

/** Its faults are faults of the token: whoever reads the code must not look for them in the certificate that signs in. */
function readSigningCertificate(value: unknown): Certificate {
  try {
    return readBase64Certificate(value, 'certificate');
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new EvidenceError('WEB_EID_TOKEN_MALFORMED', 'the signing certificate cannot be read', {
      detail: { reason: cause.code },
      cause,
    });
  }
}

function isSignatureAlgorithm(value: unknown): boolean {
  const members = membersOf(value);
  return (
    members !== undefined &&
    CRYPTO_ALGORITHMS.includes(members.get('cryptoAlgorithm')) &&
    HASH_FUNCTIONS.includes(members.get('hashFunction')) &&
    PADDING_SCHEMES.includes(members.get('paddingScheme'))
  );
}
