/**
 * The closed list of audit events, named by actor. No event carries a name, a national identifier or a certificate:
 * citizens are keyed hashes, certificates are SHA-256 fingerprints.
 */

export type AuditEvent =
  | {
      readonly type: 'citizen.authenticated';
      readonly clientId: string;
      readonly interaction: string;
      readonly accountId: string;
      readonly method: 'client-certificate';
      readonly profile: string;
      readonly acr: string;
      readonly certificateSha256: string;
      readonly issuerSha256: string;
      readonly anchorKeySha256: string;
      readonly revocation: RevocationRecord;
    }
  | {
      readonly type: 'citizen.refused';
      readonly clientId?: string;
      readonly interaction?: string;
      readonly method: 'client-certificate';
      readonly code: string;
      /** Only of a certificate that parsed. */
      readonly certificateSha256?: string;
      readonly revocation?: RevocationRecord;
    }
  | {
      readonly type: 'citizen.consented' | 'citizen.declined';
      readonly clientId: string;
      readonly interaction: string;
      readonly accountId: string;
      readonly claims: readonly string[];
    }
  | {
      readonly type: 'hand-off.refused';
      readonly interaction?: string;
      readonly code: string;
    }
  | {
      readonly type: 'portal.registered';
      readonly clientId: string;
    }
  | {
      readonly type: 'portal.refused';
      readonly clientId?: string;
      readonly error: string;
      /** oidc-provider's endpoint, such as `token`. */
      readonly endpoint: string;
    }
  | {
      readonly type: 'assertion.issued';
      readonly clientId: string;
      readonly accountId: string;
      readonly grantId: string;
    }
  | { readonly type: 'service.started' | 'service.stopped'; readonly issuer: string };

/** What a revocation decision rested on. Times are ISO 8601. */
export interface RevocationRecord {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly source: string;
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  /** SHA-256 of the CRL or the OCSP response. */
  readonly sha256?: string;
}
