/**
 * Every error class and every stable code, in one table.
 *
 * A code is never renamed or reused: audit records outlive code. `message` is for the operator: which rule failed and
 * what was seen, never a name, a number or a key. `http/error-response.ts` decides what a citizen or a portal may know.
 */

/** The codes by kind of error, each with the sentence that the documentation prints. */
export const CODES = {
  evidence: {
    CARD_NOT_PRESENTED:
      'No certificate came with the handshake: no card, a cancelled PIN, or a browser that did not ask.',
    TLS_SESSION_RESUMED: 'The TLS session was resumed, so no key was proven in this handshake.',
    PROXY_NOT_TRUSTED: 'A certificate header came from a peer that is not a listed proxy.',
    PROXY_HEADER_AMBIGUOUS: 'A certificate header came twice, in another spelling, or beside a look-alike.',
    PROXY_HEADER_MALFORMED: 'A certificate header is not of the form that the proxy preset prescribes.',
    PROXY_NOT_VERIFIED: 'The proxy says that the handshake did not verify the certificate that it forwards.',
    CHALLENGE_UNKNOWN: 'The challenge was never issued, was used already, or is too old to be remembered.',
    CHALLENGE_EXPIRED: 'The challenge was issued too long ago.',
    CHALLENGE_OTHER_BROWSER: 'The challenge was issued to another browser.',
    CHALLENGE_OTHER_INTERACTION: 'The challenge was issued for another sign-in.',
    HANDOFF_UNKNOWN: 'The hand-off was never issued, was used already, or is too old to be remembered.',
    HANDOFF_EXPIRED: 'The hand-off was issued too long ago.',
    HANDOFF_OTHER_BROWSER: 'The hand-off was issued to another browser.',
    HANDOFF_OTHER_INTERACTION: 'The hand-off was issued for another sign-in.',
    WEB_EID_TOKEN_MALFORMED: 'The token is not of the size or the form of a Web eID authentication token.',
    WEB_EID_FORMAT_REFUSED: 'The format of the token is not a version of Web eID that is understood here.',
    WEB_EID_ALGORITHM_REFUSED: 'The signature algorithm of the token is not on the list, or not one of the key.',
    WEB_EID_SIGNATURE_INVALID:
      'The signature of the token is not by the key of the card, or not over this origin and this nonce.',
  },
  certificate: {
    CERT_TOO_LARGE: 'The certificate is larger than any that a card carries.',
    CERT_MALFORMED: 'The certificate is not well-formed DER of RFC 5280 4.1.',
    CERT_ISSUER_UNKNOWN: 'No certification path leads to a trust anchor (RFC 5280 6.1).',
    CERT_PATH_SEARCH_EXCEEDED: 'The bounded search for a certification path ended without an answer (RFC 4158).',
    CERT_SIGNATURE_INVALID: 'A signature on the certification path does not verify (RFC 5280 6.1.3 (a)(1)).',
    CERT_NOT_YET_VALID: 'A certificate on the path is not yet valid (RFC 5280 6.1.3 (a)(2)).',
    CERT_EXPIRED: 'A certificate on the path has expired (RFC 5280 6.1.3 (a)(2)).',
    CERT_NAME_CHAIN_BROKEN: 'An issuer name is not the subject name of the certificate above (RFC 5280 6.1.3 (a)(4)).',
    CERT_NAME_CONSTRAINED: 'A name lies outside what a certificate above permits (RFC 5280 4.2.1.10).',
    CERT_POLICY_REFUSED: 'The certificate carries none of the required certificate policies (RFC 5280 6.1.5 (g)).',
    CERT_NOT_CA: 'A certificate that issued another one is not a CA certificate (RFC 5280 6.1.4 (k)).',
    CERT_PATH_LENGTH_EXCEEDED: 'The path is longer than a CA on it allows (RFC 5280 6.1.4 (l), (m)).',
    CERT_KEY_USAGE_REFUSED: 'The key usage does not allow what the key was used for (RFC 5280 4.2.1.3).',
    CERT_EXTENDED_KEY_USAGE_REFUSED: 'The extended key usage does not allow the purpose (RFC 5280 4.2.1.12).',
    CERT_CRITICAL_EXTENSION_UNKNOWN: 'A critical extension is not understood (RFC 5280 4.2, 6.1.4 (o), 6.1.5 (f)).',
    CERT_ALGORITHM_REFUSED: 'A key or a signature algorithm is weaker than the algorithm policy accepts.',
    CERT_PROFILE_VIOLATED: 'A certificate breaks a rule of RFC 5280 section 4 that every certificate must follow.',
  },
  revocation: {
    CERT_REVOKED: 'The certificate was revoked by its issuer.',
    CERT_ON_HOLD: 'The certificate was suspended by its issuer (reason code certificateHold).',
    REVOCATION_UNKNOWN: 'No source of revocation information covers the certificate.',
    REVOCATION_UNAVAILABLE: 'The revocation information cannot be read or fetched.',
    REVOCATION_STALE: 'The revocation information is past its next update, or older than the maximum age.',
    CRL_MALFORMED: 'The CRL is not well-formed DER of RFC 5280 5.1.',
    CRL_SIGNATURE_INVALID: 'The CRL was not signed by a key that may sign it (RFC 5280 6.3.3 (f), (g)).',
    CRL_NOT_YET_VALID: 'The CRL says that it was issued in the future.',
    CRL_SCOPE_MISMATCH: 'The scope of the CRL excludes the certificate (RFC 5280 5.2.5, 6.3.3 (b)).',
    CRL_CRITICAL_EXTENSION_UNKNOWN:
      'The CRL or an entry of it has a critical extension that is not understood (RFC 5280 5.2, 5.3).',
    CRL_OLDER: 'The CRL is older than the one already in use.',
    CRL_TOO_LARGE: 'The CRL is larger than the configured limit.',
    OCSP_MALFORMED: 'The OCSP response is not well-formed DER of RFC 6960 4.2.1.',
    OCSP_NOT_SUCCESSFUL: 'The OCSP responder answered with an error status.',
    OCSP_SIGNATURE_INVALID:
      'The OCSP response was not signed by a responder that the issuer authorised (RFC 6960 4.2.2.2).',
    OCSP_CERTIFICATE_MISMATCH: 'The OCSP response speaks of another certificate (RFC 6960 3.2 (1)).',
    OCSP_STALE: 'The OCSP response is outside its validity interval (RFC 6960 3.2 (5), (6)).',
    OCSP_CRITICAL_EXTENSION_UNKNOWN:
      'The OCSP response has a critical extension that is not understood (RFC 6960 4.4).',
    OCSP_NONCE_MISMATCH: 'The OCSP response does not carry the nonce of the request.',
  },
  identity: {
    ATTRIBUTE_MISSING: 'An attribute that the document profile needs is absent.',
    ATTRIBUTE_REPEATED: 'An attribute that must stand once stands more than once.',
    ATTRIBUTE_MALFORMED: 'An attribute does not have the form that the document profile prescribes.',
    CITIZEN_SUSPENDED: 'An officer suspended the citizen: no card of theirs signs in.',
  },
  onboarding: {
    PORTAL_MALFORMED: 'The registration of a portal is not complete or not well-formed.',
    PORTAL_EXISTS: 'A portal with this client_id is registered already.',
    PORTAL_UNKNOWN: 'No portal is registered with this client_id.',
    PORTAL_SUSPENDED: 'An officer suspended the portal: nobody signs in to it.',
  },
  configuration: {
    CONFIG_UNREADABLE: 'A file that the configuration names cannot be read.',
    CONFIG_INVALID: 'The configuration has one or more problems, each with its path.',
    KEYS_MISSING: 'A key that the service needs is absent from the keys directory.',
    TLS_CERTIFICATE_UNUSABLE: 'A TLS certificate and its key cannot be used: malformed, or not a pair.',
    PORT_TAKEN: 'A port that the configuration names is in use by another process.',
    TRUST_ANCHOR_NOT_CA: 'A trust anchor is not a CA certificate.',
    TRUST_ANCHOR_KEY_MISMATCH: 'A trust anchor does not carry the key that it is pinned to.',
    TRUST_PROFILE_UNKNOWN: 'No document of the configuration has this profile.',
    TRUST_EXISTS: 'The certificate is trusted for this profile already.',
    TRUST_NOT_FOUND: 'No certificate with this key is trusted for this profile.',
    TRUST_CONFIGURED: 'The certificate is trusted by the configuration, which alone can remove it.',
    KEY_NOT_FOUND: 'The key ring has no key with this kid.',
    KEY_STATE_REFUSED: 'The key is not in a state that this change begins from.',
    KEY_PENDING: 'The algorithm has a next key already.',
    KEY_NEEDED: 'The key signs, and there is none in its place.',
    KEY_TOO_EARLY: 'The key has not waited for as long as it takes until the change harms nobody.',
    KEY_CHANGED: 'Somebody else changed the key ring at the same time.',
    STORE_KEY_CHANGED: 'The key ring does not open: it was altered, or sealed with another store key.',
    SUBJECT_KEY_CHANGED: 'The subject key is not the one that the store was filled with.',
  },
  service: {
    AUDIT_UNAVAILABLE: 'The audit record could not be made durable, so nobody was signed in.',
    AUDIT_BROKEN: 'The hash chain of the audit log does not hold.',
    STORE_UNAVAILABLE: 'The store could not read or write.',
    STORE_SCHEMA_NEWER: 'The store was written by a newer version of this program.',
    STORE_EXISTS: 'There is a store already where one was to be written.',
    STORE_IN_USE: 'Another process has the store open.',
    BACKUP_BROKEN: 'A backup is incomplete, damaged or none.',
    BACKUP_NOT_OURS:
      'A store on MongoDB is copied and restored with the tools of the server (mongodump), not with this program.',
    STORE_SINGLE_USE_BROKEN:
      'The database server lets more than one caller redeem what may be used once (S26): it cannot be relied on.',
    WORKER_FAILED: 'A worker process of the service ended without saying why, none answers, or one refuses a reload.',
    SEAL_BROKEN: 'A sealed record does not open: it was altered, or sealed with another key.',
    INTERACTION_NOT_FOUND: 'The sign-in is unknown, has ended, or belongs to another browser.',
    AUTHORIZATION_REQUEST_REFUSED:
      'The authorization request cannot be accepted, nor the refusal be sent to the portal (RFC 6749 4.1.2.1).',
    LOGOUT_REQUEST_REFUSED:
      'The request to sign out cannot be accepted, nor the browser be sent where it asks (OpenID Connect RP-Initiated Logout 1.0, 4).',
    REQUEST_MALFORMED: 'The request is not of the form that the page sends.',
    REQUEST_TOO_LARGE: 'The request is larger than the limit.',
    TOO_MANY_REQUESTS: 'The address or the portal has asked more often than its limit allows.',
    FETCH_REFUSED:
      'An outgoing request was not made: its address, or where it resolves or redirects to, is not permitted.',
    FETCH_TIMEOUT: 'An outgoing request got no complete answer in time.',
    FETCH_TOO_LARGE: 'The answer to an outgoing request is larger than the limit.',
    FETCH_FAILED: 'An outgoing request did not succeed.',
    PAGE_NOT_FOUND: 'There is nothing at this address.',
    INTERNAL: 'An error that this program did not foresee.',
  },
} as const;

export type Kind = keyof typeof CODES;
export type EvidenceCode = keyof typeof CODES.evidence;
export type CertificateCode = keyof typeof CODES.certificate;
export type RevocationCode = keyof typeof CODES.revocation;
export type IdentityCode = keyof typeof CODES.identity;
export type OnboardingCode = keyof typeof CODES.onboarding;
export type ConfigurationCode = keyof typeof CODES.configuration;
export type ServiceCode = keyof typeof CODES.service;
export type Code =
  | EvidenceCode
  | CertificateCode
  | RevocationCode
  | IdentityCode
  | OnboardingCode
  | ConfigurationCode
  | ServiceCode;

/** What an error carries besides its code: `detail` structured and free of personal data, `cause` kept. */
export interface ErrorContext {
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** One coded refusal or failure. Throw one of its subclasses. */
export abstract class ThiqaError<C extends Code = Code> extends Error {
  abstract readonly kind: Kind;
  readonly code: C;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: C, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = new.target.name;
    this.code = code;
    this.detail = Object.freeze({ ...context.detail });
  }
}

/** What a citizen presented, or how it reached us, cannot be relied on. */
export class EvidenceError extends ThiqaError<EvidenceCode> {
  readonly kind = 'evidence';
}

/** A certificate or its certification path breaks a rule of RFC 5280. */
export class CertificateError extends ThiqaError<CertificateCode> {
  readonly kind = 'certificate';
}

/** The certificate is revoked, or its revocation status cannot be established. The code tells which. */
export class RevocationError extends ThiqaError<RevocationCode> {
  readonly kind = 'revocation';
}

/** The certificate is trusted, yet does not name a person by the rules of its document profile, or one who may not sign in. */
export class IdentityError extends ThiqaError<IdentityCode> {
  readonly kind = 'identity';
}

/** A portal cannot be registered or changed as asked. */
export class OnboardingError extends ThiqaError<OnboardingCode> {
  readonly kind = 'onboarding';
}

/** The service cannot start, or cannot reload, with what it was given. */
export class ConfigurationError extends ThiqaError<ConfigurationCode> {
  readonly kind = 'configuration';
}

/** The service itself fell short: storage, audit, or a request out of place. */
export class ServiceError extends ThiqaError<ServiceCode> {
  readonly kind = 'service';
}
