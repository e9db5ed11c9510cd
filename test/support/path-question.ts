/**
 * One question to path building and validation as vectors ask it: certificates in DER, an answer or a coded refusal.
 */
import { CertificateError, ConfigurationError, RevocationError } from '../../src/errors.ts';
import { type Certificate, parseCertificate } from '../../src/pki/certificate.ts';
import { findValidPath, type ValidatedPath, type ValidationOptions } from '../../src/pki/path-validation.ts';
import { decideRevocation, readEvidence, requireGood } from '../../src/pki/revocation.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';

export interface PathQuestion extends ValidationOptions {
  readonly leaf: Uint8Array;
  /** Those that are malformed are as good as absent. */
  readonly intermediates: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly anchorAs?: 'certificate' | 'key';
  /** When given, revocation is required of every certificate on the path, with these CRLs and no others. */
  readonly crls?: readonly Uint8Array[];
}

export type PathAnswer =
  | { readonly accepted: true; readonly path: ValidatedPath; readonly code?: undefined }
  | { readonly accepted: false; readonly code: string };

export function answer(question: PathQuestion): PathAnswer {
  const { leaf, intermediates, anchors, anchorAs = 'certificate', crls, ...options } = question;
  try {
    const certificates = intermediates.flatMap(parseIfWellFormed);
    const path = findValidPath(parseCertificate(leaf), {
      ...options,
      intermediates: certificates,
      anchors: anchors.map((der) => createTrustAnchor(parseCertificate(der), { anchorAs })),
    });
    if (crls) requireGood(decideRevocation(path, readEvidence({ crls, certificates }), options));
    return { accepted: true, path };
  } catch (error) {
    // Anything else is a crash, which no vector may cause.
    if (error instanceof CertificateError || error instanceof ConfigurationError || error instanceof RevocationError) {
      return { accepted: false, code: error.code };
    }
    throw error;
  }
}

export function parseIfWellFormed(der: Uint8Array): readonly Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch (error) {
    if (error instanceof CertificateError) return [];
    throw error;
  }
}

export function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** The DER inside a PEM text of one object. */
export function fromPem(text: string): Buffer {
  return fromBase64(text.replace(/-----[^-]+-----|\s/g, ''));
}
