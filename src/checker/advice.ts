/**
 * What an officer or a developer of a portal can do about a refusal, by its code: one sentence, in the checker's report.
 */
import type { Code } from '../errors.ts';

const ADVICE: Partial<Record<Code, string>> = {
  CERT_MALFORMED:
    'Compare the octets with what the CA issued; a file that was cut off or converted is the usual cause.',
  CERT_ISSUER_UNKNOWN:
    'Check that the issuing CA is among the intermediates, and its root among the trust anchors, by key and not by name.',
  CERT_SIGNATURE_INVALID: 'The certificate was altered, or a CA of the same name with another key issued it.',
  CERT_NOT_YET_VALID: 'Wait for its first day, or correct the clock.',
  CERT_EXPIRED: 'Renew the certificate that has expired; for a CA, configure its successor.',
  CERT_POLICY_REFUSED:
    'Compare the certificate policies with those of the document profile; another document of the same CA has others.',
  CERT_KEY_USAGE_REFUSED: 'Use the authentication certificate of the card, not the one for signatures.',
  CERT_EXTENDED_KEY_USAGE_REFUSED: 'Use a certificate whose extended key usage includes client authentication.',
  CERT_CRITICAL_EXTENSION_UNKNOWN:
    'The CA demands something that this service does not do; ask the CA, or the authors of this service.',
  CERT_ALGORITHM_REFUSED: 'Renew with RSA of 2048 bits or more, a NIST or brainpool curve, and SHA-2.',
  CERT_REVOKED: 'The holder needs a new card.',
  CERT_ON_HOLD: 'The holder asks the issuing office to lift the suspension.',
  REVOCATION_UNKNOWN: 'Give the CRL of every CA on the path, or an OCSP response.',
  REVOCATION_STALE: 'Fetch the current CRL or OCSP response from the CA.',
  REVOCATION_UNAVAILABLE: 'Check that the CRL file exists, or that its address answers.',
};

const FALLBACK = 'Show this report to the CA that issued the certificate.';

export function adviceFor(code: Code): string {
  return ADVICE[code] ?? FALLBACK;
}
