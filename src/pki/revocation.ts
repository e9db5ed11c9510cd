/**
 * The revocation decision: evidence -> good, revoked or unknown, for every certificate of a validated path (RFC 5280
 * 6.1.3 (a)(3)), by the policy of the CA that issued it. The worst of them is the status of the path: revoked before
 * unknown before good. Unknown is an outcome of its own: it is never good, and the citizen is never told that the card
 * is revoked because of it (S16).
 */
import { type RevocationCode, RevocationError } from '../errors.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { type Authority, authoritiesAbove, CrlStatuses } from './crl-issuer.ts';
import type { CrlAnswer } from './crl-processing.ts';
import { acceptOcspResponse, type OcspAnswer } from './ocsp.ts';
import type { OcspResponse } from './ocsp-response.ts';
import type { ValidatedPath } from './path-validation.ts';
import type { RevocationEvidence } from './revocation-evidence.ts';
import {
  isInForce,
  policyOf,
  REVOCATION_METHODS,
  type RevocationMethod,
  type RevocationPolicies,
} from './revocation-policy.ts';
import type { RevocationReason } from './revocation-reason.ts';

export type { RevocationEvidence, RevocationFailure, RevocationSource } from './revocation-evidence.ts';
export { NO_EVIDENCE, readEvidence } from './revocation-evidence.ts';

/** An OCSP answer is produced after the sign-in began, and clocks differ. */
export const DEFAULT_SKEW_SECONDS = 60;

export interface RevocationOptions {
  readonly at: Date;
  /** Information older than this is stale whatever its nextUpdate says. Demanded of information without nextUpdate. */
  readonly maxAgeSeconds?: number | undefined;
  /** The same of OCSP responses without nextUpdate alone, where `maxAgeSeconds` says nothing. */
  readonly maxAgeWithoutNextUpdateSeconds?: number | undefined;
  /** How far the clock of an issuer or a responder may be ahead of `at`. Default DEFAULT_SKEW_SECONDS. */
  readonly skewSeconds?: number | undefined;
  readonly algorithms?: AlgorithmPolicy | undefined;
  /** Of the paths of CRL issuers; as for the path itself. Default true. */
  readonly strict?: boolean | undefined;
  /** What is asked, and whose evidence a good status carries: that of the first. Default: CRL, then OCSP. */
  readonly methods?: readonly RevocationMethod[] | undefined;
  /** OCSP responders that the operator trusts beside the delegates of the issuer, by their certificates. */
  readonly pinnedResponders?: readonly Certificate[] | undefined;
  /** By issuing CA: when given, they decide instead of maxAgeSeconds, strict, methods and pinnedResponders. */
  readonly policies?: RevocationPolicies | undefined;
}

/** The CRL or the OCSP response that a status rests on. */
export interface StatusEvidence {
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** SHA-256 of the CRL or the response, hexadecimal. */
  readonly sha256: string;
}

declare const decided: unique symbol;

interface Decided {
  /** Never present at run time: it keeps a status from being written by hand. */
  readonly [decided]: true;
  /** Place on the path of the certificate that the status is about; 0 is the end entity. */
  readonly depth: number;
  readonly evidence?: StatusEvidence;
}

/** Only `decideRevocation` makes one. */
export type RevocationStatus = Decided & Outcome;

type Outcome =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly reason: RevocationReason; readonly revocationDate: Date }
  | {
      readonly status: 'unknown';
      readonly code: RevocationCode;
      readonly clause: string;
      /** Present where an exception of the issuing CA's policy is in force and may be used: see `requireAcceptable`. */
      readonly exception?: true;
    };

/** `answered`: the issuer itself says that it does not know the certificate. */
type CertificateOutcome = Outcome & { readonly evidence?: StatusEvidence; readonly answered?: true };

/**
 * The status of the path: that of its worst certificate.
 * @param evidence parsed CRLs and OCSP responses of any kind: those that say nothing of this path do no harm
 */
export function decideRevocation(
  path: ValidatedPath,
  evidence: RevocationEvidence,
  options: RevocationOptions,
): RevocationStatus {
  const [first, ...others] = decideEachRevocation(path, evidence, options);
  if (first === undefined) throw new TypeError('a path has a certificate');
  return others.reduce((worst, status) => (badness(status) > badness(worst) ? status : worst), first);
}

/** The status of each certificate of the path, in its order. */
export function decideEachRevocation(
  path: ValidatedPath,
  evidence: RevocationEvidence,
  options: RevocationOptions,
): readonly RevocationStatus[] {
  const { certificates, anchor } = path;
  const pool = [...evidence.certificates, ...certificates.slice(1)];
  return certificates.map((certificate, depth) => {
    const authorities = authoritiesAbove(certificates, depth, anchor);
    // The authority right above issued the certificate: its key verified the signature on the path.
    const [issuer] = authorities;
    if (issuer === undefined) throw new TypeError(`no authority stands above ${certificate.version}`);
    const rules = rulesFor(issuer, options);
    const outcomeBy = (methods: readonly RevocationMethod[], isAgeIgnored: boolean): CertificateOutcome => {
      const settings = { ...rules, isAgeIgnored };
      const crlStatuses = new CrlStatuses(anchor, evidence.crls, pool, settings);
      const ask = {
        crl: () => ofCrl(crlStatuses.statusOf(certificate, authorities)),
        ocsp: () =>
          askResponses(evidence.ocspResponses, (response) =>
            acceptOcspResponse(response, certificate, issuer, {
              ...settings,
              statusOfDelegate: (delegate) => crlStatuses.statusOf(delegate, authorities).status,
            }),
          ),
      };
      return combine(
        methods.map((method) => ask[method]()),
        evidence,
      );
    };
    const { answered, ...outcome } = outcomeBy(rules.methods, false);
    const status = { ...outcome, depth };
    // An exception is for information that cannot be had. An issuer that does not know the certificate has spoken, and
    // so has one of whom a list or an answer, however old, says that it is revoked.
    const isExcepted =
      outcome.status === 'unknown' &&
      !answered &&
      isInForce(rules.exception, options.at) &&
      outcomeBy(REVOCATION_METHODS, true).status !== 'revoked';
    // The brand is of the type only.
    return Object.freeze(isExcepted ? { ...status, exception: true } : status) as RevocationStatus;
  });
}

function rulesFor(issuer: Authority, options: RevocationOptions) {
  const { at, skewSeconds = DEFAULT_SKEW_SECONDS, algorithms = 'default' } = options;
  if (options.policies !== undefined) {
    const { methods, maxAgeSeconds, strict, ocsp, exception } = policyOf(options.policies, issuer);
    const { pinnedResponders } = ocsp;
    return { at, skewSeconds, algorithms, methods, maxAgeSeconds, strict, pinnedResponders, exception };
  }
  const { methods = REVOCATION_METHODS, strict = true, pinnedResponders = [] } = options;
  const { maxAgeSeconds, maxAgeWithoutNextUpdateSeconds } = options;
  return {
    at,
    skewSeconds,
    algorithms,
    methods,
    maxAgeSeconds,
    maxAgeWithoutNextUpdateSeconds,
    strict,
    pinnedResponders,
    exception: undefined,
  };
}

/** Revoked before unknown before good; an unknown status that an exception covers hides none that it does not. */
function badness(status: RevocationStatus): number {
  if (status.status === 'revoked') return 3;
  if (status.status === 'good') return 0;
  return status.exception ? 1 : 2;
}

/**
 * Passes a good status, and an unknown one while an exception of the issuing CA's policy is in force.
 * @throws RevocationError as `requireGood`
 */
export function requireAcceptable(status: RevocationStatus): void {
  if (status.status === 'unknown' && status.exception) return;
  requireGood(status);
}

/**
 * Passes a good status and nothing else.
 * @throws RevocationError CERT_REVOKED, CERT_ON_HOLD, or the code of an unknown status
 */
export function requireGood(status: RevocationStatus): void {
  const { depth } = status;
  switch (status.status) {
    case 'good':
      return;
    case 'revoked': {
      const { reason, revocationDate } = status;
      const detail = { depth, reason, revocationDate: revocationDate.toISOString() };
      // RFC 5280 5.3.1: a hold may end; every other reason is for good.
      if (reason === 'certificateHold')
        throw new RevocationError('CERT_ON_HOLD', 'a certificate of the path is suspended', { detail });
      throw new RevocationError('CERT_REVOKED', 'a certificate of the path is revoked', { detail });
    }
    case 'unknown': {
      const { code, clause } = status;
      throw new RevocationError(code, 'the revocation status of a certificate of the path is not known', {
        detail: { clause, depth },
      });
    }
  }
}

/**
 * Revoked wins; then an issuer that does not know the certificate (S16); then the first method that says good; else why
 * the most telling method does not know.
 */
function combine(answers: readonly CertificateOutcome[], evidence: RevocationEvidence): CertificateOutcome {
  return (
    answers.find(({ status }) => status === 'revoked') ??
    answers.find(({ answered }) => answered) ??
    answers.find(({ status }) => status === 'good') ??
    answers.find((answer) => answer.status === 'unknown' && answer.code !== 'REVOCATION_UNKNOWN') ??
    nothingKnown(evidence, answers[0])
  );
}

/** No evidence says anything of the certificate: perhaps because some of it could not be had. */
function nothingKnown({ failures }: RevocationEvidence, answer?: CertificateOutcome): CertificateOutcome {
  const [failure] = failures;
  if (failure !== undefined) return { status: 'unknown', code: failure.code, clause: '6.3.3 (a)' };
  return answer ?? { status: 'unknown', code: 'REVOCATION_UNKNOWN', clause: '6.3.3' };
}

function ofCrl({ crl, ...answer }: CrlAnswer): CertificateOutcome {
  if (crl === undefined) return answer;
  const { source, thisUpdate, nextUpdate, sha256 } = crl;
  return { ...answer, evidence: { source, thisUpdate, ...(nextUpdate && { nextUpdate }), sha256 } };
}

/** Of several responses, the worst that counts. */
function askResponses(
  responses: readonly OcspResponse[],
  accept: (response: OcspResponse) => OcspAnswer,
): CertificateOutcome {
  const answers = responses.map((response) => ofOcsp(accept(response), response));
  return (
    answers.find(({ status }) => status === 'revoked') ??
    answers.find(({ answered }) => answered) ??
    answers.find(({ status }) => status === 'good') ??
    // A response about another certificate is no failure.
    answers.find((answer) => answer.status === 'unknown' && answer.code !== 'OCSP_CERTIFICATE_MISMATCH') ?? {
      status: 'unknown',
      code: answers.length === 0 ? 'REVOCATION_UNKNOWN' : 'OCSP_CERTIFICATE_MISMATCH',
      clause: '3.2 (1)',
    }
  );
}

function ofOcsp({ single, ...answer }: OcspAnswer, { source, sha256, producedAt }: OcspResponse): CertificateOutcome {
  const { thisUpdate, nextUpdate } = single ?? { thisUpdate: producedAt, nextUpdate: undefined };
  return { ...answer, evidence: { source, thisUpdate, ...(nextUpdate && { nextUpdate }), sha256 } };
}
