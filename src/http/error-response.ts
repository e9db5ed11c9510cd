/**
 * The one table from a domain code to what the outside may know: the HTTP status, the error that the portal gets
 * (RFC 6749 4.1.2.1, RFC 7591 3.2.2) and the text that the citizen reads (`refusal.KEY.title` and so on in `locales/`).
 *
 * Two rules shape it. What cannot be checked is *temporarily unavailable*, never *revoked*: a citizen is not told
 * something bad about a card on the ground that our information is missing or old. And the portal learns only that
 * nobody was signed in, or that it may try later: the state of a card is the citizen's own affair.
 */
import { type Code, ThiqaError } from '../errors.ts';

export type OAuthError =
  | 'access_denied'
  | 'invalid_client_metadata'
  | 'invalid_request'
  | 'server_error'
  | 'temporarily_unavailable';

/** The texts for the citizen, each with a title, an explanation and what to do next. */
export const REFUSAL_MESSAGES = [
  'no-card',
  'card-not-read',
  'path-to-us',
  'attempt-expired',
  'attempt-used',
  'other-browser',
  'other-sign-in',
  'web-eid-answer',
  'web-eid-version',
  'web-eid-signature',
  'card-unreadable',
  'card-issuer-unknown',
  'card-not-trusted',
  'card-expired',
  'card-not-yet-valid',
  'card-type-refused',
  'signature-certificate',
  'card-revoked',
  'card-on-hold',
  'revocation-unavailable',
  'card-incomplete',
  'citizen-suspended',
  'portal-request',
  'portal-registration',
  'portal-suspended',
  'logout-request',
  'sign-in-unknown',
  'request-malformed',
  'request-too-large',
  'too-many-requests',
  'page-not-found',
  'service-unavailable',
  'internal',
] as const;
export type RefusalMessage = (typeof REFUSAL_MESSAGES)[number];

export interface ErrorDescription {
  readonly code: Code;
  /** HTTP status of the page (RFC 9110). */
  readonly status: number;
  readonly oauth: OAuthError;
  readonly messageKey: RefusalMessage;
}

type Row = readonly [status: number, oauth: OAuthError, messageKey: RefusalMessage];

const UNTRUSTED: Row = [403, 'access_denied', 'card-not-trusted'];
const UNCHECKED: Row = [503, 'temporarily_unavailable', 'revocation-unavailable'];
const INCOMPLETE: Row = [403, 'access_denied', 'card-incomplete'];
const WRONG_PATH: Row = [403, 'access_denied', 'path-to-us'];
const BROKEN: Row = [500, 'server_error', 'internal'];
const UNAVAILABLE: Row = [503, 'temporarily_unavailable', 'service-unavailable'];

/** The compiler refuses this table when a code of errors.ts is absent from it, or one in it is no code. */
const TABLE: Readonly<Record<Code, Row>> = {
  // evidence
  CARD_NOT_PRESENTED: [403, 'access_denied', 'no-card'],
  TLS_SESSION_RESUMED: [403, 'access_denied', 'card-not-read'],
  PROXY_NOT_TRUSTED: WRONG_PATH,
  PROXY_HEADER_AMBIGUOUS: WRONG_PATH,
  PROXY_HEADER_MALFORMED: WRONG_PATH,
  PROXY_NOT_VERIFIED: WRONG_PATH,
  CHALLENGE_UNKNOWN: [400, 'access_denied', 'attempt-used'],
  CHALLENGE_EXPIRED: [400, 'access_denied', 'attempt-expired'],
  CHALLENGE_OTHER_BROWSER: [403, 'access_denied', 'other-browser'],
  CHALLENGE_OTHER_INTERACTION: [403, 'access_denied', 'other-sign-in'],
  HANDOFF_UNKNOWN: [400, 'access_denied', 'attempt-used'],
  HANDOFF_EXPIRED: [400, 'access_denied', 'attempt-expired'],
  HANDOFF_OTHER_BROWSER: [403, 'access_denied', 'other-browser'],
  HANDOFF_OTHER_INTERACTION: [403, 'access_denied', 'other-sign-in'],
  WEB_EID_TOKEN_MALFORMED: [403, 'access_denied', 'web-eid-answer'],
  WEB_EID_FORMAT_REFUSED: [403, 'access_denied', 'web-eid-version'],
  WEB_EID_ALGORITHM_REFUSED: [403, 'access_denied', 'web-eid-answer'],
  WEB_EID_SIGNATURE_INVALID: [403, 'access_denied', 'web-eid-signature'],

  // certificate
  CERT_TOO_LARGE: [403, 'access_denied', 'card-unreadable'],
  CERT_MALFORMED: [403, 'access_denied', 'card-unreadable'],
  CERT_ISSUER_UNKNOWN: [403, 'access_denied', 'card-issuer-unknown'],
  CERT_PATH_SEARCH_EXCEEDED: UNTRUSTED,
  CERT_SIGNATURE_INVALID: UNTRUSTED,
  CERT_NOT_YET_VALID: [403, 'access_denied', 'card-not-yet-valid'],
  CERT_EXPIRED: [403, 'access_denied', 'card-expired'],
  CERT_NAME_CHAIN_BROKEN: UNTRUSTED,
  CERT_NAME_CONSTRAINED: UNTRUSTED,
  CERT_POLICY_REFUSED: [403, 'access_denied', 'card-type-refused'],
  CERT_NOT_CA: UNTRUSTED,
  CERT_PATH_LENGTH_EXCEEDED: UNTRUSTED,
  CERT_KEY_USAGE_REFUSED: [403, 'access_denied', 'signature-certificate'],
  CERT_EXTENDED_KEY_USAGE_REFUSED: [403, 'access_denied', 'signature-certificate'],
  CERT_CRITICAL_EXTENSION_UNKNOWN: UNTRUSTED,
  CERT_ALGORITHM_REFUSED: UNTRUSTED,
  CERT_PROFILE_VIOLATED: UNTRUSTED,

  // revocation
  CERT_REVOKED: [403, 'access_denied', 'card-revoked'],
  CERT_ON_HOLD: [403, 'access_denied', 'card-on-hold'],
  REVOCATION_UNKNOWN: UNCHECKED,
  REVOCATION_UNAVAILABLE: UNCHECKED,
  REVOCATION_STALE: UNCHECKED,
  CRL_MALFORMED: UNCHECKED,
  CRL_SIGNATURE_INVALID: UNCHECKED,
  CRL_NOT_YET_VALID: UNCHECKED,
  CRL_SCOPE_MISMATCH: UNCHECKED,
  CRL_CRITICAL_EXTENSION_UNKNOWN: UNCHECKED,
  CRL_OLDER: UNCHECKED,
  CRL_TOO_LARGE: UNCHECKED,
  OCSP_MALFORMED: UNCHECKED,
  OCSP_NOT_SUCCESSFUL: UNCHECKED,
  OCSP_SIGNATURE_INVALID: UNCHECKED,
  OCSP_CERTIFICATE_MISMATCH: UNCHECKED,
  OCSP_CRITICAL_EXTENSION_UNKNOWN: UNCHECKED,
  OCSP_STALE: UNCHECKED,
  OCSP_NONCE_MISMATCH: UNCHECKED,

  // identity
  ATTRIBUTE_MISSING: INCOMPLETE,
  ATTRIBUTE_REPEATED: INCOMPLETE,
  ATTRIBUTE_MALFORMED: INCOMPLETE,
  CITIZEN_SUSPENDED: [403, 'access_denied', 'citizen-suspended'],

  // onboarding
  PORTAL_MALFORMED: [400, 'invalid_client_metadata', 'portal-registration'],
  PORTAL_EXISTS: [409, 'invalid_client_metadata', 'portal-registration'],
  PORTAL_UNKNOWN: [404, 'invalid_client_metadata', 'portal-registration'],
  PORTAL_SUSPENDED: [403, 'access_denied', 'portal-suspended'],

  // configuration: the service does not start with these; should one surface while it runs, it is ours to mend
  CONFIG_UNREADABLE: BROKEN,
  CONFIG_INVALID: BROKEN,
  KEYS_MISSING: BROKEN,
  TLS_CERTIFICATE_UNUSABLE: BROKEN,
  PORT_TAKEN: BROKEN,
  TRUST_ANCHOR_NOT_CA: BROKEN,
  TRUST_ANCHOR_KEY_MISMATCH: BROKEN,
  TRUST_PROFILE_UNKNOWN: BROKEN,
  TRUST_EXISTS: BROKEN,
  TRUST_NOT_FOUND: BROKEN,
  TRUST_CONFIGURED: BROKEN,
  KEY_NOT_FOUND: BROKEN,
  KEY_STATE_REFUSED: BROKEN,
  KEY_PENDING: BROKEN,
  KEY_NEEDED: BROKEN,
  KEY_TOO_EARLY: BROKEN,
  KEY_CHANGED: BROKEN,
  STORE_KEY_CHANGED: BROKEN,
  SUBJECT_KEY_CHANGED: BROKEN,

  // service
  AUDIT_UNAVAILABLE: UNAVAILABLE,
  AUDIT_BROKEN: BROKEN,
  STORE_UNAVAILABLE: UNAVAILABLE,
  STORE_SCHEMA_NEWER: BROKEN,
  STORE_EXISTS: BROKEN,
  STORE_IN_USE: BROKEN,
  BACKUP_BROKEN: BROKEN,
  BACKUP_NOT_OURS: BROKEN,
  STORE_SINGLE_USE_BROKEN: BROKEN,
  WORKER_FAILED: BROKEN,
  SEAL_BROKEN: BROKEN,
  INTERACTION_NOT_FOUND: [404, 'invalid_request', 'sign-in-unknown'],
  AUTHORIZATION_REQUEST_REFUSED: [400, 'invalid_request', 'portal-request'],
  LOGOUT_REQUEST_REFUSED: [400, 'invalid_request', 'logout-request'],
  REQUEST_MALFORMED: [400, 'invalid_request', 'request-malformed'],
  REQUEST_TOO_LARGE: [413, 'invalid_request', 'request-too-large'],
  TOO_MANY_REQUESTS: [429, 'temporarily_unavailable', 'too-many-requests'],
  FETCH_REFUSED: UNAVAILABLE,
  FETCH_TIMEOUT: UNAVAILABLE,
  FETCH_TOO_LARGE: UNAVAILABLE,
  FETCH_FAILED: UNAVAILABLE,
  PAGE_NOT_FOUND: [404, 'invalid_request', 'page-not-found'],
  INTERNAL: BROKEN,
};

/** What the outside may know of a code. */
export function describeCode(code: Code): ErrorDescription {
  const [status, oauth, messageKey] = TABLE[code];
  return { code, status, oauth, messageKey };
}

/**
 * What the outside may know of anything that was thrown. Ours carry their code; a request that koa's own middleware
 * turned away is named by its HTTP status; everything else is INTERNAL, whatever it says of itself.
 */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof ThiqaError && Object.hasOwn(TABLE, error.code)) return describeCode(error.code);
  return describeCode(codeOfHttpError(error));
}

/** An error of the http-errors package, as koa and its body parser throw it: `expose` holds only for 4xx. */
function codeOfHttpError(error: unknown): Code {
  if (!(error instanceof Error) || !('expose' in error) || error.expose !== true || !('status' in error))
    return 'INTERNAL';
  if (error.status === 404) return 'PAGE_NOT_FOUND';
  if (error.status === 413) return 'REQUEST_TOO_LARGE';
  if (error.status === 429) return 'TOO_MANY_REQUESTS';
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500
    ? 'REQUEST_MALFORMED'
    : 'INTERNAL';
}
