/**
 * What an OCSP response says of one certificate, by the conditions of RFC 6960 3.2, under their numbers.
 *
 * Only the CA that issued the certificate answers for it, or a delegate that the same key of that CA appointed
 * (4.2.2.2), or a responder that the operator pinned. Any other trusted CA's responder is a stranger (S17).
 */
import { createHash } from 'node:crypto';
import { CertificateError, type RevocationCode } from '../errors.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { EXTENSION } from './certificate-extensions.ts';
import type { Authority } from './crl-issuer.ts';
import { equalBytes } from './der.ts';
import type { Extensions } from './extension.ts';
import { equalNames, type Name } from './name.ts';
import { CERT_ID_HASHES, issuerHashes, OCSP_NONCE } from './ocsp-request.ts';
import type { OcspCertStatus, OcspResponse, SingleResponse } from './ocsp-response.ts';
import type { PublicKey } from './public-key.ts';
import { verifyCaCertificate, verifySignature } from './signature.ts';

const ID_KP_OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1';
const ID_PKIX_OCSP_NOCHECK = '1.3.6.1.5.5.7.48.1.5';

/** signedCertificateTimestampList (RFC 6962 3.3): proofs of logging, which are not asked of a card and limit no status. */
const CT_TIMESTAMPS = '1.3.6.1.4.1.11129.2.4.5';

/** 4.4: what may be critical in a response; the CRL entry extensions of 4.4.5 among them. */
const PROCESSED_EXTENSIONS: ReadonlySet<string> = new Set([OCSP_NONCE, '2.5.29.21', '2.5.29.24', CT_TIMESTAMPS]);

/** What may be critical in a delegate's certificate, and is looked at or constrains nothing here. */
const PROCESSED_DELEGATE_EXTENSIONS: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.subjectAltName,
  EXTENSION.certificatePolicies,
  EXTENSION.cRLDistributionPoints,
  ID_PKIX_OCSP_NOCHECK,
]);

export interface OcspAcceptance {
  readonly at: Date;
  /** An answer older than this is stale; demanded of an answer without nextUpdate. */
  readonly maxAgeSeconds?: number | undefined;
  /** The same of an answer without nextUpdate alone, where `maxAgeSeconds` says nothing. */
  readonly maxAgeWithoutNextUpdateSeconds?: number | undefined;
  /** How far the responder's clock may be ahead of ours. */
  readonly skewSeconds: number;
  readonly algorithms: AlgorithmPolicy;
  /**
   * What the response said once, however long ago: its signer counts as of then, and one whose own status cannot be had
   * counts too. It finds what was ever revoked, and makes nothing good. Default false.
   */
  readonly isAgeIgnored?: boolean;
  /** The nonce of the request. When given, the response must carry it: an older answer cannot be replayed. */
  readonly nonce?: Uint8Array | undefined;
  /** Responders that the operator trusts for this issuer, by their certificates. */
  readonly pinnedResponders?: readonly Certificate[];
  /** What CRLs say of a delegate's certificate (4.2.2.2.1). */
  readonly statusOfDelegate: (delegate: Certificate) => 'good' | 'revoked' | 'unknown';
}

/** `answered`: an authorised responder says that it does not know the certificate, which is more than no answer. */
export type OcspAnswer =
  | (OcspCertStatus & { readonly status: 'good' | 'revoked'; readonly single: SingleResponse })
  | {
      readonly status: 'unknown';
      readonly code: RevocationCode;
      readonly clause: string;
      readonly single?: SingleResponse;
      readonly answered?: true;
    };

/** RFC 6960 3.2. @param issuer the authority whose key signed the certificate on its validated path */
export function acceptOcspResponse(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Authority,
  acceptance: OcspAcceptance,
): OcspAnswer {
  const refused = (code: RevocationCode, clause: string, single?: SingleResponse): OcspAnswer => ({
    status: 'unknown',
    code,
    clause,
    ...(single && { single }),
  });

  // 3.2 (1): this certificate, by the hashes of its own issuer and its own serial number.
  const matching = response.responses.filter(({ certId }) => {
    const hash = CERT_ID_HASHES[certId.hashAlgorithm];
    if (hash === undefined || certId.serialNumber !== certificate.serialNumber) return false;
    const { name, key } = issuerHashes(certificate, issuer, hash);
    return equalBytes(certId.issuerNameHash, name) && equalBytes(certId.issuerKeyHash, key);
  });
  if (matching.length === 0) return refused('OCSP_CERTIFICATE_MISMATCH', '3.2 (1)');
  // 3.2 (2), (3), (4): the signature is that of a responder who is authorised to answer for this certificate.
  if (!isSignedByAuthorisedResponder(response, issuer, acceptance))
    return refused('OCSP_SIGNATURE_INVALID', '3.2 (2)-(4)');
  if (hasUnknownCritical(response.extensions)) return refused('OCSP_CRITICAL_EXTENSION_UNKNOWN', '4.4');
  // 4.4.1
  const { nonce } = acceptance;
  if (nonce !== undefined && (response.nonce === undefined || !equalBytes(nonce, response.nonce))) {
    return refused('OCSP_NONCE_MISMATCH', '4.4.1');
  }
  // 2.4: signed in the future, or before the certificate was valid, it cannot tell of this certificate now.
  const { producedAt } = response;
  const latest = acceptance.at.getTime() + acceptance.skewSeconds * 1000;
  if (!(producedAt.getTime() <= latest) || producedAt < certificate.notBefore) return refused('OCSP_STALE', '2.4');

  for (const single of matching) {
    if (hasUnknownCritical(single.extensions)) return refused('OCSP_CRITICAL_EXTENSION_UNKNOWN', '4.4', single);
  }
  // 3.2 (5), (6)
  const current = matching.filter((single) => isCurrent(single, acceptance));
  if (current.length === 0) return refused('OCSP_STALE', '3.2 (5), (6)', matching[0]);
  // A responder answers once for each certificate; of several answers the worst counts.
  for (const single of current) {
    const { certStatus } = single;
    if (certStatus.status === 'revoked') return { ...certStatus, single };
  }
  for (const single of current) {
    if (single.certStatus.status !== 'unknown') continue;
    return { status: 'unknown', code: 'REVOCATION_UNKNOWN', clause: '2.2', single, answered: true };
  }
  const [single] = current;
  return single === undefined ? refused('OCSP_STALE', '3.2 (5), (6)') : { status: 'good', single };
}

function isCurrent({ thisUpdate, nextUpdate }: SingleResponse, acceptance: OcspAcceptance): boolean {
  const { at, skewSeconds, isAgeIgnored = false } = acceptance;
  if (isAgeIgnored) return true;
  const maxAgeSeconds =
    acceptance.maxAgeSeconds ?? (nextUpdate === undefined ? acceptance.maxAgeWithoutNextUpdateSeconds : undefined);
  const ageSeconds = (at.getTime() - thisUpdate.getTime()) / 1000;
  // Written so that an invalid date is outside of every period. Without nextUpdate newer information always exists (2.4).
  const current = nextUpdate === undefined ? maxAgeSeconds !== undefined : at <= nextUpdate && thisUpdate <= nextUpdate;
  return ageSeconds >= -skewSeconds && current && (maxAgeSeconds === undefined || ageSeconds <= maxAgeSeconds);
}

function hasUnknownCritical(extensions: Extensions): boolean {
  return [...extensions.values()].some(({ oid, critical }) => critical && !PROCESSED_EXTENSIONS.has(oid));
}

/** 4.2.2.2 */
function isSignedByAuthorisedResponder(response: OcspResponse, issuer: Authority, acceptance: OcspAcceptance): boolean {
  const isResponder = ({ subject, publicKey }: { readonly subject: Name; readonly publicKey: PublicKey }): boolean =>
    response.responderId.kind === 'byName'
      ? equalNames(response.responderId.name, subject)
      : equalBytes(response.responderId.keyHash, createHash('sha1').update(publicKey.subjectPublicKey).digest());
  const signed = {
    algorithm: response.signatureAlgorithm,
    octets: response.signedOctets,
    signature: response.signature,
  };
  const isSignedWith = (key: PublicKey): boolean => verifies(() => verifySignature(signed, key, acceptance.algorithms));
  const at = acceptance.isAgeIgnored ? response.producedAt : acceptance.at;

  if (isResponder(issuer) && isSignedWith(issuer.publicKey)) return true;
  for (const pinned of acceptance.pinnedResponders ?? []) {
    if (isResponder(pinned) && isWithinPeriod(pinned, at) && isSignedWith(pinned.publicKey)) return true;
  }
  for (const der of response.unverifiedCertificates) {
    const delegate = readDelegate(der);
    if (delegate === undefined || !isResponder(delegate)) continue;
    if (isAuthorisedDelegate(delegate, issuer, { ...acceptance, at }) && isSignedWith(delegate.publicKey)) return true;
  }
  return false;
}

/** 4.2.2.2: issued directly, by the same key that issued the certificate in question, and for this purpose. */
function isAuthorisedDelegate(delegate: Certificate, issuer: Authority, acceptance: OcspAcceptance): boolean {
  const { keyUsage, extendedKeyUsage, extensions } = delegate;
  return (
    equalNames(delegate.issuer, issuer.subject) &&
    extendedKeyUsage?.includes(ID_KP_OCSP_SIGNING) === true &&
    (keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')) &&
    [...extensions.values()].every(({ oid, critical }) => !critical || PROCESSED_DELEGATE_EXTENSIONS.has(oid)) &&
    isWithinPeriod(delegate, acceptance.at) &&
    verifies(() => verifyCaCertificate(delegate, issuer.publicKey, acceptance.algorithms)) &&
    isNotRevoked(delegate, acceptance)
  );
}

/**
 * 4.2.2.2.1: with nocheck the CA vouches for the delegate to its end. Otherwise a delegate that says where its status
 * stands must be good there; one that says nothing must not be known as revoked, which is all that can be asked.
 */
function isNotRevoked(delegate: Certificate, { statusOfDelegate, isAgeIgnored }: OcspAcceptance): boolean {
  if (delegate.extensions.has(ID_PKIX_OCSP_NOCHECK)) return true;
  const status = statusOfDelegate(delegate);
  const { cRLDistributionPoints, authorityInfoAccess } = delegate;
  const saysWhere =
    cRLDistributionPoints !== undefined || authorityInfoAccess?.some(({ accessMethod }) => accessMethod === ID_AD_OCSP);
  return status === 'good' || (status === 'unknown' && (isAgeIgnored === true || !saysWhere));
}

function isWithinPeriod(certificate: Certificate, at: Date): boolean {
  return !certificate.isNotYetValidAt(at) && !certificate.isExpiredAt(at);
}

/** A weak key or algorithm proves nothing: whatever it signed is then as good as not signed. */
function verifies(verify: () => boolean): boolean {
  try {
    return verify();
  } catch (error) {
    if (error instanceof CertificateError) return false;
    throw error;
  }
}

/** What came along and cannot be read is no delegate. */
function readDelegate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}
