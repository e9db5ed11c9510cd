/**
 * What a citizen presented, parsed and bounded, nothing believed.
 */
import type { Certificate } from '../pki/certificate.ts';
import { parseCertificate } from '../pki/certificate.ts';

/** The certificate of a card as it reached us, and what stands for the proof that its key was used. */
export type CardEvidence = ClientCertificateEvidence | WebEidEvidence;

export interface ClientCertificateEvidence {
  readonly method: 'client-certificate';
  readonly unverifiedCertificate: Certificate;
  /**
   * Who saw the key proven: our own TLS stack, or the listed proxy in front of it. Both verify CertificateVerify with
   * the key of this very certificate (RFC 8446 4.4.3, RFC 5246 7.4.8) or end the handshake.
   */
  readonly provenBy: 'tls-handshake' | 'trusted-proxy';
}

export interface WebEidEvidence {
  readonly method: 'web-eid';
  readonly unverifiedCertificate: Certificate;
  /** One of the allow-list, and one that the key of the certificate can have made. */
  readonly algorithm: WebEidAlgorithm;
  readonly unverifiedSignature: Uint8Array;
  /** Ours, not the token's: the text of the challenge that was taken, and the origin of our page. */
  readonly nonce: string;
  readonly origin: string;
}

/** The signature algorithms of the Web eID specification: RFC 7518 3.3, 3.4, 3.5. */
export const WEB_EID_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;
export type WebEidAlgorithm = (typeof WEB_EID_ALGORITHMS)[number];

/** A card's certificate is 1 to 3 KiB; what is far larger is refused before it is parsed. */
const LARGEST_CERTIFICATE_OCTETS = 16 * 1024;

/**
 * @param der one certificate, DER, from an unauthenticated peer
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function readUnverifiedCertificate(der: Uint8Array): Certificate {
  return parseCertificate(der, { maxOctets: LARGEST_CERTIFICATE_OCTETS });
}
