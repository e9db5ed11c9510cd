/**
 * Evidence from a TLS handshake with our own card host. Trusted here: only that the handshake completed, so that the
 * peer holds the key of its certificate. Not trusted: the TLS library's verdict on the path, which is ours to decide,
 * and any certificate beside the peer's own (S5).
 */
import { EvidenceError } from '../errors.ts';
import { type CardEvidence, readUnverifiedCertificate } from './card-evidence.ts';

/** What the edge reads off the socket. */
export interface TlsHandshake {
  /** DER of the certificate that the peer proved, or undefined when it sent none. */
  readonly peerCertificate: Uint8Array | undefined;
  readonly sessionResumed: boolean;
}

/**
 * @throws EvidenceError TLS_SESSION_RESUMED: a resumed session proves no key, whatever certificate it remembers (S24);
 *   CARD_NOT_PRESENTED: an empty Certificate message, which TLS allows (RFC 8446 4.4.2.4)
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function evidenceFromHandshake(handshake: TlsHandshake): CardEvidence {
  if (handshake.sessionResumed) throw new EvidenceError('TLS_SESSION_RESUMED', 'the TLS session was resumed');
  if (handshake.peerCertificate === undefined || handshake.peerCertificate.length === 0) {
    throw new EvidenceError('CARD_NOT_PRESENTED', 'the handshake carried no certificate');
  }
  return {
    method: 'client-certificate',
    unverifiedCertificate: readUnverifiedCertificate(handshake.peerCertificate),
    provenBy: 'tls-handshake',
  };
}
