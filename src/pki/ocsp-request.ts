/**
 * The OCSP request (RFC 6960 4.1) for one certificate, and the CertID by which request and response name it.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import type { Authority } from './crl-issuer.ts';
import { explicit, integerOf, nullValue, objectIdentifier, octetString, sequence } from './der-writer.ts';

/** id-pkix-ocsp-nonce (4.4.1) */
export const OCSP_NONCE = '1.3.6.1.5.5.7.48.1.2';

/** The hash algorithms of a CertID by object identifier. Nothing rests on their collision resistance here. */
export const CERT_ID_HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** RFC 5019 2.1.1 has every responder understand SHA-1, and few understand another one. */
const REQUEST_HASH = '1.3.14.3.2.26';

/** 4.1.1: the hashes of the issuer's name, as the certificate spells it, and of the issuer's key. */
export function issuerHashes(
  certificate: Certificate,
  issuer: Authority,
  hash: string,
): { readonly name: Buffer; readonly key: Buffer } {
  return {
    name: createHash(hash).update(certificate.issuer.der).digest(),
    key: createHash(hash).update(issuer.publicKey.subjectPublicKey).digest(),
  };
}

/**
 * DER of an OCSPRequest, not signed.
 * @param nonce 1 to 128 random octets (RFC 9654), or undefined for a request that caches may answer
 */
export function encodeOcspRequest(certificate: Certificate, issuer: Authority, nonce?: Uint8Array): Buffer {
  const { name, key } = issuerHashes(certificate, issuer, CERT_ID_HASHES[REQUEST_HASH] ?? '');
  const algorithm = sequence(objectIdentifier(REQUEST_HASH), nullValue());
  const serialNumber = integerOf(Buffer.from(certificate.serialNumber, 'hex'));
  const certId = sequence(algorithm, octetString(name), octetString(key), serialNumber);
  const requestList = sequence(sequence(certId));
  if (nonce === undefined) return sequence(sequence(requestList));
  const extension = sequence(objectIdentifier(OCSP_NONCE), octetString(octetString(nonce)));
  return sequence(sequence(requestList, explicit(2, sequence(extension))));
}
