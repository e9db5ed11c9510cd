/**
 * What a citizen presented, parsed and bounded, nothing believed.
 */
import type { Certificate } from '../pki/certificate.ts';
import { parseCertificate } from '../pki/certificate.ts';

/** The certificate of a card as it reached us, and what stands for the proof that its key was used. */
export interface CardEvidence {
  readonly method: 'client-certificate';
  readonly unverifiedCertificate: Certificate;
  /**
   * Who saw the key proven: our own TLS stack, or the listed proxy in front of it. Both verify CertificateVerify with
   * the key of this very certificate (RFC 8446 4.4.3, RFC 5246 7.4.8) or end the handshake.
   */
  readonly provenBy: 'tls-handshake' | 'trusted-proxy';
}

/** A card's certificate is 1 to 3 KiB; what is far larger is refused before it is parsed. */
const LARGEST_CERTIFICATE_OCTETS = 16 * 1024;

/**
 * @param der one certificate, DER, from an unauthenticated peer
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function readUnverifiedCertificate(der: Uint8Array): Certificate {
  return parseCertificate(der, { maxOctets: LARGEST_CERTIFICATE_OCTETS });
}
