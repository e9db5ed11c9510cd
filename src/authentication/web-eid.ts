/**
 * Evidence from a Web eID authentication token (Web eID system architecture, "Web eID authentication token
 * specification"). Here the token is read and bounded; nothing is believed. Origin and nonce are ours: a token does not
 * carry them, and members of such names would be ignored.
 *
 * Refused: what is not of the size of a token; a format that is not `web-eid:1.MINOR`, compared whole and not by its
 * beginning; an algorithm that is not on the list, or that the key of the certificate cannot have used.
 *
 * Members that are not known here are ignored, and so is which minor version it is: the specification says that minor
 * versions stay compatible, so that a later one may add members, and the extension adds `action` and `appVersion`.
 */
import { EvidenceError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { KeyDescription } from '../pki/public-key.ts';
import { WEB_EID_ALGORITHMS, type WebEidAlgorithm, type WebEidEvidence } from './card-evidence.ts';
import { readBase64, readBase64Certificate, readTokenMembers } from './web-eid-members.ts';
import { requireConsistentSigningCertificates } from './web-eid-signing-certificates.ts';

/** Major version 1, and a minor version in its one spelling: not `web-eid:10.0`, `web-eid:1`, `web-eid:1.00`. */
const FORMAT_PATTERN = /^web-eid:1\.(0|[1-9]\d{0,8})$/;

export interface WebEidToken {
  readonly unverifiedCertificate: Certificate;
  readonly algorithm: WebEidAlgorithm;
  readonly unverifiedSignature: Uint8Array;
}

/**
 * @param token what the extension answered: parsed JSON, or its text
 * @param expected the text of the challenge that was taken, and the origin of our page
 * @throws EvidenceError WEB_EID_TOKEN_MALFORMED, WEB_EID_FORMAT_REFUSED, WEB_EID_ALGORITHM_REFUSED
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED, CERT_ALGORITHM_REFUSED
 */
export function evidenceFromWebEid(
  token: unknown,
  expected: { readonly nonce: string; readonly origin: string },
): WebEidEvidence {
  return { method: 'web-eid', ...readWebEidToken(token), nonce: expected.nonce, origin: expected.origin };
}

/** As `evidenceFromWebEid`, without what the signature has to be over. */
export function readWebEidToken(token: unknown): WebEidToken {
  const members = readTokenMembers(token);
  const minorVersion = readMinorVersion(members.get('format'));
  const algorithm = readAlgorithm(members.get('algorithm'));
  const unverifiedSignature = readBase64(members.get('signature'), 'signature');
  const unverifiedCertificate = readBase64Certificate(members.get('unverifiedCertificate'), 'unverifiedCertificate');
  requireKeyOfAlgorithm(unverifiedCertificate.publicKey.description, algorithm);
  requireConsistentSigningCertificates(members, minorVersion, unverifiedCertificate);
  return { unverifiedCertificate, algorithm, unverifiedSignature };
}

function readMinorVersion(format: unknown): number {
  const minor = typeof format === 'string' ? FORMAT_PATTERN.exec(format)?.[1] : undefined;
  if (minor === undefined) throw new EvidenceError('WEB_EID_FORMAT_REFUSED', 'the format is not web-eid:1.MINOR');
  return Number(minor);
}

function readAlgorithm(name: unknown): WebEidAlgorithm {
  const algorithm = WEB_EID_ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined) throw refusal('the algorithm is not on the list of the specification');
  return algorithm;
}

const CURVES: Partial<Record<WebEidAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** RFC 7518 3.4: each ES algorithm has its one curve; 3.3, 3.5: the others are of RSA keys. */
function requireKeyOfAlgorithm(key: KeyDescription, algorithm: WebEidAlgorithm): void {
  const curve = CURVES[algorithm];
  const fits = curve === undefined ? key.type === 'rsa' : key.type === 'ec' && key.curve === curve;
  if (!fits) throw refusal('the algorithm is not one of the key in the certificate', { algorithm });
}

function refusal(message: string, detail: Readonly<Record<string, unknown>> = {}): EvidenceError {
  return new EvidenceError('WEB_EID_ALGORITHM_REFUSED', message, { detail });
}
