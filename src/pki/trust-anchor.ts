/**
 * Who is trusted: a name and a key (RFC 5280 6.1.1 (d)), given as a certificate and pinned by the hash of its key, so that
 * no other CA of the same name is meant (S6). An anchor is made here and nowhere else, and only out of a CA (S18).
 */
import { CertificateError, ConfigurationError } from '../errors.ts';
import type { Certificate } from './certificate.ts';

declare const made: unique symbol;

export interface TrustAnchor {
  /** Never present at run time: it keeps an anchor from being written by hand. */
  readonly [made]: true;
  readonly certificate: Certificate;
  /**
   * `certificate`: also the constraints that the certificate carries count, as RFC 5937 uses them: its dates, key usage,
   * path length, name and policy constraints, critical extensions. `key`: only its subject name and its key do.
   */
  readonly anchorAs: 'certificate' | 'key';
}

export interface TrustAnchorOptions {
  /** SHA-256 of the DER of the SubjectPublicKeyInfo, hexadecimal: the key that is meant. */
  readonly keySha256?: string | undefined;
  /** Default `certificate`. */
  readonly anchorAs?: 'certificate' | 'key';
  /** Whether a certificate without basicConstraints may be meant as a CA: those of version 1 cannot say so. Default false. */
  readonly allowMissingBasicConstraints?: boolean;
}

/**
 * @throws ConfigurationError TRUST_ANCHOR_KEY_MISMATCH; TRUST_ANCHOR_NOT_CA, unless only the key is to count: then
 *   whoever configures says that it is the key of a CA, and nothing in the certificate does
 */
export function createTrustAnchor(certificate: Certificate, options: TrustAnchorOptions = {}): TrustAnchor {
  const { keySha256, anchorAs = 'certificate', allowMissingBasicConstraints = false } = options;
  if (keySha256 !== undefined && keySha256.toLowerCase() !== certificate.publicKey.keySha256) {
    throw new ConfigurationError('TRUST_ANCHOR_KEY_MISMATCH', 'the trust anchor has another key than it is pinned to');
  }
  if (anchorAs === 'certificate' && !isCa(certificate, allowMissingBasicConstraints)) {
    throw new ConfigurationError('TRUST_ANCHOR_NOT_CA', 'the trust anchor is not the certificate of a CA', {
      detail: { clause: '4.2.1.9' },
    });
  }
  requireUsableKey(certificate);
  return Object.freeze({ certificate, anchorAs }) as TrustAnchor; // The brand is of the type only.
}

function isCa(certificate: Certificate, allowMissingBasicConstraints: boolean): boolean {
  const { basicConstraints, keyUsage } = certificate;
  if (keyUsage && !keyUsage.has('keyCertSign')) return false;
  return basicConstraints ? basicConstraints.cA : allowMissingBasicConstraints;
}

/** An anchor whose key cannot be used would make every path fail later, for a reason that is known now. */
function requireUsableKey(certificate: Certificate): void {
  try {
    certificate.publicKey.description;
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new ConfigurationError('TRUST_ANCHOR_NOT_CA', 'the key of the trust anchor cannot verify signatures', {
      cause,
    });
  }
}
