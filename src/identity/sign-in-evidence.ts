/**
 * What one sign-in rested on, for whoever must be able to show it later: the certificate of the card, and what was known
 * of its revocation at that moment. All of it is text, because it is sealed and stored.
 */
import type { LevelOfAssurance } from './level-of-assurance.ts';

export interface SignInEvidence {
  /** How the card was presented. */
  readonly method: 'client-certificate' | 'web-eid';
  readonly level: LevelOfAssurance;
  /** Under whose rules the document was issued; absent where its profile names none. */
  readonly trustFramework?: string;
  readonly certificate: {
    /** In the manner of RFC 4514. */
    readonly issuer: string;
    /** Hexadecimal, as RFC 5280 4.1.2.2 encodes it. */
    readonly serialNumber: string;
    /** Of the DER, hexadecimal. */
    readonly sha256: string;
  };
  readonly revocation: {
    /** `unknown`: an exception of the issuing CA's policy let it pass. */
    readonly status: 'good' | 'unknown';
    /** Of the CRL or the OCSP answer: where it came from, its times (ISO 8601) and its SHA-256, hexadecimal. */
    readonly source?: string;
    readonly thisUpdate?: string;
    readonly nextUpdate?: string;
    readonly sha256?: string;
  };
}
