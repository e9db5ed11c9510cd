/**
 * The certificates that come with a question to a checker.
 */
import { ThiqaError } from '../errors.ts';
import { type Certificate, type ParseOptions, parseCertificate } from '../pki/certificate.ts';
import { createTrustAnchor, type TrustAnchor } from '../pki/trust-anchor.ts';

/** A certificate beside the path's that does not parse is as good as absent. */
export function wellFormed(ders: readonly Uint8Array[], options: ParseOptions = {}): Certificate[] {
  return ders.flatMap((der) => {
    try {
      return [parseCertificate(der, options)];
    } catch (error) {
      if (error instanceof ThiqaError) return [];
      throw error;
    }
  });
}

/**
 * An anchor that is none (S18) anchors nothing; when no anchor is left, that is the reason of the refusal.
 * @throws CertificateError, ConfigurationError
 */
export function usableAnchors(
  ders: readonly Uint8Array[],
  anchorAs: TrustAnchor['anchorAs'],
  options: ParseOptions = {},
): TrustAnchor[] {
  let reason: unknown;
  const usable = ders.flatMap((der) => {
    try {
      return [createTrustAnchor(parseCertificate(der, options), { anchorAs })];
    } catch (error) {
      reason ??= error;
      return [];
    }
  });
  if (usable.length === 0 && reason !== undefined) throw reason;
  return usable;
}
