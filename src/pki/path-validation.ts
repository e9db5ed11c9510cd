/**
 * Certification path validation, RFC 5280 section 6.1 with the policy processing of RFC 9618: a candidate path, a trust
 * anchor and a time become a ValidatedPath, or one coded error. Nothing else makes a ValidatedPath.
 *
 * The steps stand here in the order of the standard, their checks in `path-processing.ts`. Revocation (6.1.3 (a)(3)) is
 * decided afterwards, by `revocation.ts`, because only a valid path may cause network traffic.
 */
import { type CertificateCode, CertificateError } from '../errors.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { type CandidatePath, namesAnotherKey, PathSearch } from './path-building.ts';
import { PathProcessing, type Purpose } from './path-processing.ts';
import { ANY_POLICY } from './policy-tree.ts';
import { type VerifyCertificate, verifyCaCertificate, verifyCardCertificate } from './signature.ts';
import type { TrustAnchor } from './trust-anchor.ts';

export type { CandidatePath } from './path-building.ts';
export type { Purpose } from './path-processing.ts';

/** The inputs of 6.1.1, and what this service adds to them. */
export interface ValidationOptions {
  /** 6.1.1 (b) */
  readonly at: Date;
  /** `any` leaves the extended key usage out of consideration. */
  readonly purpose: Purpose;
  readonly algorithms?: AlgorithmPolicy | undefined;
  /** 6.1.1 (c): default anyPolicy. */
  readonly initialPolicySet?: readonly string[] | undefined;
  /** 6.1.1 (e) */
  readonly inhibitPolicyMapping?: boolean | undefined;
  /** 6.1.1 (f) */
  readonly requireExplicitPolicy?: boolean | undefined;
  /** 6.1.1 (g) */
  readonly inhibitAnyPolicy?: boolean | undefined;
  /** Default true: also what RFC 5280 section 4 demands of every certificate. */
  readonly strict?: boolean | undefined;
  /** The most CA certificates between anchor and end entity that are not self-issued. Default: no limit. */
  readonly maxIntermediates?: number | undefined;
}

export interface PathOptions extends ValidationOptions {
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly TrustAnchor[];
  /** Told of each candidate that failed, with the error that may be thrown in the end: for a report, not for a decision. */
  readonly observe?: ((candidate: CandidatePath, error: CertificateError) => void) | undefined;
}

declare const validated: unique symbol;

/** A path that section 6.1 accepts at the time `at` for `purpose`. It says nothing about revocation. */
export interface ValidatedPath {
  /** Never present at run time: it keeps a path from being written by hand. */
  readonly [validated]: true;
  /** The end entity first; the anchor is not among them. Never empty. */
  readonly certificates: readonly Certificate[];
  readonly anchor: TrustAnchor;
  readonly at: Date;
  /** 6.1.5 (g): the user-constrained-policy-set. */
  readonly policies: readonly string[];
  readonly purpose: Purpose;
}

/**
 * Validates one candidate.
 * @throws CertificateError with `detail.clause` and `detail.depth` (0 is the end entity)
 */
export function validatePath(candidate: CandidatePath, options: ValidationOptions): ValidatedPath {
  return validate(candidate, options, verifier(candidate.certificates[0], options));
}

/**
 * The first candidate path from `leaf` to one of the anchors that is valid.
 * @throws CertificateError CERT_ISSUER_UNKNOWN, CERT_PATH_SEARCH_EXCEEDED; or, when a path reached an anchor, the error of
 *   the candidate that came closest to being valid
 */
export function findValidPath(leaf: Certificate, options: PathOptions): ValidatedPath {
  const verify = verifier(leaf, options);
  const search = new PathSearch(leaf, { ...options, verify });
  let closest: CertificateError | undefined;
  for (const candidate of search.candidates()) {
    try {
      return validate(candidate, options, verify);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      options.observe?.(candidate, error);
      if (isOfAnotherIssuer(candidate, error)) continue;
      if (closest === undefined || isCloser(error, closest)) closest = error;
      const culprit = candidate.certificates[depthOf(error)];
      if (culprit && FAULTS_OF_ONE_CERTIFICATE.has(error.code)) search.strikeOut(culprit);
    }
  }
  throw closest ?? search.deadEnd;
}

/**
 * 6.1.5 (c): the key of the end entity, which nothing on the path was verified with, is one: its coordinates are a point of
 * its curve. Whoever has seen it used, as in a handshake, knows that already.
 * @throws CertificateError CERT_ALGORITHM_REFUSED
 */
export function requireKeyOfItsKind({ certificates: [leaf] }: ValidatedPath): void {
  leaf?.publicKey.keyObject;
}

/** What is wrong with one certificate whatever path it stands on: no other path through it needs to be tried. */
const FAULTS_OF_ONE_CERTIFICATE: ReadonlySet<CertificateCode> = new Set<CertificateCode>([
  'CERT_NOT_YET_VALID',
  'CERT_EXPIRED',
  'CERT_NOT_CA',
  'CERT_KEY_USAGE_REFUSED',
  'CERT_EXTENDED_KEY_USAGE_REFUSED',
  'CERT_CRITICAL_EXTENSION_UNKNOWN',
  'CERT_PROFILE_VIOLATED',
]);

/** The candidate ends at a CA that has the name of the issuer and is not the issuer: no path at all. */
function isOfAnotherIssuer({ certificates, anchor }: CandidatePath, error: CertificateError): boolean {
  if (error.code !== 'CERT_SIGNATURE_INVALID') return false;
  const certificate = certificates[depthOf(error)];
  const issuer = certificates[depthOf(error) + 1] ?? anchor.certificate;
  return certificate !== undefined && namesAnotherKey(certificate, issuer);
}

function depthOf({ detail }: CertificateError): number {
  return typeof detail.depth === 'number' ? detail.depth : -1;
}

/** Processing runs from the anchor down: the smaller the depth of the fault, the more of the path was in order. */
function isCloser(error: CertificateError, than: CertificateError): boolean {
  if (than.code === 'CERT_SIGNATURE_INVALID') return error.code !== 'CERT_SIGNATURE_INVALID';
  return error.code !== 'CERT_SIGNATURE_INVALID' && depthOf(error) < depthOf(than);
}

function validate(candidate: CandidatePath, options: ValidationOptions, verify: VerifyCertificate): ValidatedPath {
  const { certificates, anchor } = candidate;
  const at = new Date(options.at);
  const processing = new PathProcessing(certificates.length, anchor, {
    at,
    purpose: options.purpose,
    algorithms: options.algorithms ?? 'default',
    initialPolicySet: options.initialPolicySet ?? [ANY_POLICY],
    requireExplicitPolicy: options.requireExplicitPolicy ?? false,
    inhibitPolicyMapping: options.inhibitPolicyMapping ?? false,
    inhibitAnyPolicy: options.inhibitAnyPolicy ?? false,
    strict: options.strict ?? true,
    maxIntermediates: options.maxIntermediates ?? Number.POSITIVE_INFINITY,
    verify,
  });
  // 6.1.2
  processing.useAnchor();
  for (let depth = certificates.length - 1; depth >= 0; depth -= 1) {
    const certificate = certificates[depth];
    if (!certificate) throw new TypeError('a candidate path has no gaps');
    // 6.1.3
    processing.processCertificate(certificate, depth);
    // 6.1.4
    if (depth > 0) processing.prepareForNext(certificate, depth);
    // 6.1.5
    else processing.wrapUp(certificate);
  }
  return Object.freeze({
    certificates: Object.freeze([...certificates]),
    anchor,
    at,
    policies: Object.freeze(processing.policies),
    purpose: options.purpose,
  }) as ValidatedPath; // The brand is of the type only.
}

/** Links are remembered: those of CAs apart from those of end entities, which come and go. */
function verifier(leaf: Certificate | undefined, { algorithms = 'default' }: ValidationOptions): VerifyCertificate {
  if (!leaf) throw new TypeError('a candidate path has an end-entity certificate');
  return (certificate, key) =>
    certificate === leaf
      ? verifyCardCertificate(certificate, key, algorithms)
      : verifyCaCertificate(certificate, key, algorithms);
}
