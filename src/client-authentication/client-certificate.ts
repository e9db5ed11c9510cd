/**
 * The certificate of a portal (RFC 8705): its key was proven in the handshake, or a listed proxy saw that. Whether it may
 * stand for a portal by a CA is decided here, by our own path validation and revocation; which portal, by the registration.
 */
import { CertificateError, type Code, ThiqaError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { findValidPath } from '../pki/path-validation.ts';
import { decideRevocation, type RevocationSource, requireAcceptable } from '../pki/revocation.ts';
import type { RevocationPolicies } from '../pki/revocation-policy.ts';
import type { TrustAnchor } from '../pki/trust-anchor.ts';

/** Who may issue certificates for tls_client_auth, and where their status stands. */
export interface ClientAuthorities {
  readonly anchors: readonly TrustAnchor[];
  readonly intermediates: readonly Certificate[];
  readonly revocation: RevocationSource;
  readonly revocationPolicies: RevocationPolicies;
}

export interface ClientCertificate {
  readonly certificate: Certificate;
  /** Whether one of the configured CAs issued it, by a valid path, and its status is good. */
  readonly isAuthorised: boolean;
  /** Why it is not, where CAs are configured. */
  readonly refusal?: Code;
}

/**
 * @param authorities absent where no CA is configured: then nothing is authorised
 * @throws CertificateError CERT_NOT_YET_VALID, CERT_EXPIRED: of no use with a registered certificate either
 */
export async function assessClientCertificate(
  certificate: Certificate,
  authorities: ClientAuthorities | undefined,
  at: Date,
): Promise<ClientCertificate> {
  if (certificate.isNotYetValidAt(at))
    throw new CertificateError('CERT_NOT_YET_VALID', 'the certificate of the portal is not yet valid');
  if (certificate.isExpiredAt(at))
    throw new CertificateError('CERT_EXPIRED', 'the certificate of the portal has expired');
  if (authorities === undefined) return { certificate, isAuthorised: false };
  try {
    await requireAuthorised(certificate, authorities, at);
    return { certificate, isAuthorised: true };
  } catch (error) {
    // A portal that registered this very certificate needs no CA: the refusal counts where one is needed.
    if (error instanceof ThiqaError) return { certificate, isAuthorised: false, refusal: error.code };
    throw error;
  }
}

/** @throws CertificateError, RevocationError with the code of the rule that failed */
async function requireAuthorised(certificate: Certificate, authorities: ClientAuthorities, at: Date): Promise<void> {
  const { anchors, intermediates, revocation, revocationPolicies: policies } = authorities;
  const path = findValidPath(certificate, { anchors, intermediates, at, purpose: 'clientAuth' });
  // RFC 5280 4.2.1.3, whether critical or not: in the handshake the key signs.
  if (certificate.keyUsage && !certificate.keyUsage.has('digitalSignature'))
    throw new CertificateError('CERT_KEY_USAGE_REFUSED', 'the key of the portal may not sign a handshake', {
      detail: { clause: '4.2.1.3' },
    });
  // RFC 5280 4.2.1.9: what may issue certificates is no portal.
  if (certificate.basicConstraints?.cA)
    throw new CertificateError('CERT_PROFILE_VIOLATED', 'a CA certificate stands for no portal', {
      detail: { clause: '4.2.1.9' },
    });
  requireAcceptable(decideRevocation(path, await revocation.evidenceFor(path, at), { at, policies }));
}
