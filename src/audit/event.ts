/**
 * The closed list of audit events, named by actor. No event carries a name, a national identifier or a certificate:
 * citizens are keyed hashes, certificates are SHA-256 fingerprints.
 */

/** How the card was presented. */
export type PresentationMethod = 'client-certificate' | 'web-eid';

/** A closed list: a text of an officer could name a person. */
export const END_REASONS = ['incident', 'request', 'decision', 'maintenance'] as const;
export type EndReason = (typeof END_REASONS)[number];

export type AuditEvent =
  | {
      readonly type: 'citizen.authenticated';
      readonly clientId: string;
      readonly interaction: string;
      readonly method: PresentationMethod;
      readonly accountId: string;
      readonly profile: string;
      readonly acr: string;
      readonly certificateSha256: string;
      readonly anchorKeySha256: string;
      readonly revocation: RevocationRecord;
    }
  | {
      readonly type: 'citizen.refused';
      readonly clientId: string;
      readonly interaction: string;
      readonly method: PresentationMethod;
      readonly code: string;
      /** Only of a certificate that parsed. */
      readonly certificateSha256?: string;
      readonly revocation?: RevocationRecord;
      /** Of a card that passed every rule, when its citizen is suspended, or that could not be known. */
      readonly accountId?: string;
    }
  | {
      readonly type: 'citizen.consented' | 'citizen.declined';
      readonly clientId: string;
      readonly interaction: string;
      readonly accountId: string;
      readonly claims: readonly string[];
    }
  /** The citizen went back to the portal before a card was accepted. */
  | { readonly type: 'citizen.cancelled'; readonly clientId: string; readonly interaction: string }
  /** At the wish of the portal `clientId`, if one asked. `isWhole`: of every portal; else of that one alone. */
  | {
      readonly type: 'citizen.signed-out';
      readonly accountId: string;
      readonly isWhole: boolean;
      readonly clientId?: string;
    }
  /** `card.refused`: a card address that was never issued, used or too old. `request.refused`: a page asked out of place. */
  | {
      readonly type: 'card.refused' | 'hand-off.refused' | 'request.refused';
      readonly code: string;
      readonly interaction?: string;
    }
  /** The limit was passed: once a window, whatever else comes from there. `addressHash` is a keyed hash. */
  | { readonly type: 'address.limited'; readonly addressHash: string }
  | { readonly type: 'portal.limited'; readonly clientId: string }
  /** With what an officer approved beyond the usual: client_ids that see the same `sub`, refresh tokens, no PKCE. */
  | {
      readonly type: 'portal.registered';
      readonly clientId: string;
      readonly securityProfile?: 'fapi2';
      readonly pkceRequired?: false;
      readonly nonceRequired?: false;
      readonly refreshTokens?: true;
      readonly sharesSectorWith?: readonly string[];
    }
  | {
      readonly type: 'portal.refused';
      readonly clientId?: string;
      /** The OAuth error that the portal gets. */
      readonly error: string;
      /** oidc-provider's name of the endpoint, such as `token`. */
      readonly endpoint: string;
      /** Why a certificate of a portal does not count; that the portal is suspended. */
      readonly code?: string;
    }
  /** By the portal itself (RFC 7009). */
  | { readonly type: 'token.revoked'; readonly clientId: string; readonly accountId?: string }
  | {
      readonly type: 'assertion.issued';
      readonly clientId: string;
      readonly accountId: string;
      readonly grantId: string;
      /** By a refresh token: the citizen was not there. */
      readonly refreshed?: true;
    }
  /** The portal knows that a session has ended; or was told in vain: `code`, and `status` where it answered, say why. */
  | {
      readonly type: 'portal.notified';
      readonly clientId: string;
      readonly accountId: string;
      readonly attempts: number;
    }
  | {
      readonly type: 'portal.not-notified';
      readonly clientId: string;
      readonly accountId: string;
      readonly attempts: number;
      readonly code: string;
      readonly status?: number;
    }
  /** What works once came a second time. Whoever sent it, every token of the grant has ended. */
  | {
      readonly type: 'portal.reused';
      readonly clientId: string;
      readonly grantId: string;
      readonly credential: 'authorization_code' | 'refresh_token';
    }
  /** A backup was made the store; what happened between the two is in the log that was put aside. */
  | { readonly type: 'store.restored'; readonly backupAt: string; readonly backupSha256: string }
  | { readonly type: 'service.started' | 'service.stopped'; readonly issuer: string }
  /** Whose cards are accepted. `store`: by an officer's command; `configuration`: a service read its files again. */
  | {
      readonly type: 'trust.added' | 'trust.removed';
      readonly source: 'store' | 'configuration';
      readonly profile: string;
      readonly kind: 'anchor' | 'intermediate';
      readonly keySha256: string;
      readonly certificateSha256: string;
    }
  /** An officer asked every process to read its configuration and the trust list again. */
  | { readonly type: 'trust.refreshed' }
  /** By an officer: of everybody, of one portal, or of one citizen. `notBefore` (ISO 8601): what is of until then has ended. */
  | {
      readonly type: 'sessions.ended';
      readonly reason: EndReason;
      readonly notBefore: string;
      readonly clientId?: string;
      readonly accountId?: string;
    }
  | {
      readonly type: 'portal.suspended' | 'portal.resumed';
      readonly reason: EndReason;
      readonly notBefore: string;
      readonly clientId: string;
    }
  | {
      readonly type: 'citizen.suspended' | 'citizen.resumed';
      readonly reason: EndReason;
      readonly notBefore: string;
      readonly accountId: string;
    }
  | KeyEvent;

/** The life of the service's own keys, named by their public identifiers. A key comes to each state once. */
export type KeyEvent =
  | {
      readonly type: 'key.announced' | 'key.published' | 'key.activated' | 'key.retired' | 'key.removed';
      readonly kid: string;
      readonly algorithm: string;
      readonly by: 'officer' | 'service';
      /** Before the wait that makes the change harmless had passed. */
      readonly early?: true;
    }
  /** The first start took the key over from the keys directory. */
  | {
      readonly type: 'key.imported';
      readonly kid: string;
      readonly algorithm: string;
      readonly state: 'signing' | 'retired';
    }
  /** The key ring was sealed with another store key: from then on nobody opens it with the former one. */
  | { readonly type: 'store-key.changed' }
  /** `recorded`: at the first start. `accepted`: another took its place, and with it every `sub` of the service. */
  | { readonly type: 'subject-key.recorded' | 'subject-key.accepted'; readonly fingerprint: string };

/** What a revocation decision rested on. Times are ISO 8601. */
export interface RevocationRecord {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly source: string;
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  /** SHA-256 of the CRL or the OCSP response. */
  readonly sha256?: string;
  /** Why it is unknown. */
  readonly code?: string;
  /** An exception of the issuing CA's policy let the unknown status pass. */
  readonly exception?: true;
}
