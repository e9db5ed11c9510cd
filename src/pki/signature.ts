/**
 * Verification of the signatures of X.509 objects (RFC 5280 4.1.1.3), and the memory of the signatures of CA certificates:
 * what a key signed once it has signed for ever. Dates, revocation and everything else are decided again each time.
 */
import { constants, verify } from 'node:crypto';
import { CertificateError } from '../errors.ts';
import type { AlgorithmIdentifier } from './algorithm-identifier.ts';
import { type AlgorithmPolicy, type SignatureScheme, signatureScheme, weaknessOfKey } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { equalBytes } from './der.ts';
import type { KeyDescription, PublicKey } from './public-key.ts';

export interface SignedOctets {
  readonly algorithm: AlgorithmIdentifier;
  readonly octets: Uint8Array;
  readonly signature: Uint8Array;
  /** How ECDSA writes r and s: DER in X.509 (default), two numbers of equal width in Web eID and JOSE. */
  readonly ecdsaForm?: 'der' | 'ieee-p1363';
}

/**
 * Whether `key` made the signature.
 * @throws CertificateError CERT_ALGORITHM_REFUSED when the algorithm or the key is unknown, or weaker than `policy` accepts
 */
export function verifySignature(signed: SignedOctets, key: PublicKey, policy: AlgorithmPolicy): boolean {
  const scheme = signatureScheme(signed.algorithm, policy);
  requireStrongKey(key, policy);
  return fits(scheme, key.description) && verifyWith(scheme, signed, key);
}

/** @throws CertificateError CERT_ALGORITHM_REFUSED */
export function requireStrongKey(key: PublicKey, policy: AlgorithmPolicy): void {
  const weakness = weaknessOfKey(key.description, policy);
  if (weakness !== undefined) {
    throw new CertificateError('CERT_ALGORITHM_REFUSED', `the key is not acceptable: ${weakness}`, {
      detail: { clause: '6.1.3 (a)(1)', key: weakness },
    });
  }
}

/** A key of one kind says nothing about a signature of another. */
function fits(scheme: SignatureScheme, key: KeyDescription): boolean {
  switch (scheme.scheme) {
    case 'rsa-pkcs1':
    case 'rsa-pss':
      return key.type === 'rsa';
    case 'ecdsa':
      return key.type === 'ec';
    default:
      return key.type === scheme.scheme;
  }
}

function verifyWith(scheme: SignatureScheme, signed: SignedOctets, { keyObject: key }: PublicKey): boolean {
  const { octets, signature, ecdsaForm = 'der' } = signed;
  try {
    switch (scheme.scheme) {
      case 'rsa-pkcs1':
        return verify(scheme.hash, octets, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
      case 'rsa-pss': {
        const padding = constants.RSA_PKCS1_PSS_PADDING;
        return verify(scheme.hash, octets, { key, padding, saltLength: scheme.saltLength }, signature);
      }
      case 'ecdsa':
        return verify(scheme.hash, octets, { key, dsaEncoding: ecdsaForm }, signature);
      default:
        return verify(null, octets, key, signature);
    }
  } catch {
    return false; // The library throws when it cannot even try: the signature is then not a signature by this key.
  }
}

/** Answers whether `key` signed `certificate`. @throws CertificateError CERT_ALGORITHM_REFUSED */
export type VerifyCertificate = (certificate: Certificate, key: PublicKey) => boolean;

/**
 * RFC 5280 6.1.3 (a)(1), with 4.1.1.2: the algorithm outside the signature must be the one inside it.
 * @throws CertificateError CERT_ALGORITHM_REFUSED
 */
export function verifyCertificate(certificate: Certificate, key: PublicKey, policy: AlgorithmPolicy): boolean {
  if (!equalBytes(certificate.unsignedSignatureAlgorithm, certificate.signatureAlgorithm.der)) return false;
  return verifySignature(
    {
      algorithm: certificate.signatureAlgorithm,
      octets: certificate.tbsCertificate,
      signature: certificate.signatureValue,
    },
    key,
    policy,
  );
}

/** By the hashes of certificate and key: what a signature is worth depends on nothing else. */
class RememberedLinks {
  readonly #verdicts = new Map<string, boolean>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The algorithm policy is no part of the memory: what it refuses never gets in, and it is asked each time. */
  verify(certificate: Certificate, key: PublicKey, policy: AlgorithmPolicy): boolean {
    const link = `${certificate.sha256}${key.keySha256}`;
    const known = this.#verdicts.get(link);
    if (known !== undefined) {
      signatureScheme(certificate.signatureAlgorithm, policy);
      requireStrongKey(key, policy);
      return known;
    }
    const verdict = verifyCertificate(certificate, key, policy);
    // The oldest goes first; a Map keeps the order of insertion.
    const [oldest] = this.#verdicts.size >= this.#most ? this.#verdicts.keys() : [];
    if (oldest !== undefined) this.#verdicts.delete(oldest);
    this.#verdicts.set(link, verdict);
    return verdict;
  }
}

/** Apart, so that no number of cards drives out the few CAs. */
const ofCas = new RememberedLinks(4_096);
const ofCards = new RememberedLinks(1_024);

/**
 * `verifyCertificate` for the certificates of CAs, remembered.
 * @throws CertificateError CERT_ALGORITHM_REFUSED
 */
export function verifyCaCertificate(certificate: Certificate, key: PublicKey, policy: AlgorithmPolicy): boolean {
  return ofCas.verify(certificate, key, policy);
}

/**
 * The same for the certificates of cards: somebody who signs in often, or tries twice, costs one verification.
 * @throws CertificateError CERT_ALGORITHM_REFUSED
 */
export function verifyCardCertificate(certificate: Certificate, key: PublicKey, policy: AlgorithmPolicy): boolean {
  return ofCards.verify(certificate, key, policy);
}

/** Whether the key of the certificate signed it: self-signed, which is more than self-issued. */
export function isSelfSigned(certificate: Certificate): boolean {
  if (!certificate.isSelfIssued) return false;
  try {
    // What the signature of an anchor is worth is no question here, so the weaker policy will do.
    return verifyCaCertificate(certificate, certificate.publicKey, 'legacy');
  } catch (error) {
    if (error instanceof CertificateError) return false;
    throw error;
  }
}
