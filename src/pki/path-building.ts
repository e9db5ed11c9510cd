/**
 * Bounded search for candidate certification paths (RFC 4158). It proves nothing: what it finds goes to path validation.
 *
 * Names decide which certificates may follow each other; key identifiers and dates only which is tried first (RFC 4158
 * 3.5). A path never holds one subject with one key twice, so loops of cross-certificates end (S10), while the link
 * certificates of a key rollover, self-issued with another key, stay possible. Certificates from which no anchor can be
 * reached by names are left aside before anything is verified.
 */
import { CertificateError } from '../errors.ts';
import type { Certificate } from './certificate.ts';
import type { VerifyCertificate } from './signature.ts';
import type { TrustAnchor } from './trust-anchor.ts';

/** The end-entity certificate first, each certified by the next, the last one by the anchor: to be validated. */
export interface CandidatePath {
  readonly certificates: readonly Certificate[];
  readonly anchor: TrustAnchor;
}

/** Certificates looked at in one search. A search for a real card needs fewer than ten. */
const MOST_STEPS = 1_000;
/** Signatures verified in one search: far dearer than a step. */
const MOST_SIGNATURES = 128;
/** A path longer than this is not issued by anybody. */
const LONGEST_PATH = 32;

export interface PathSearchOptions {
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly TrustAnchor[];
  readonly at: Date;
  readonly verify: VerifyCertificate;
}

export class PathSearch {
  readonly #leaf: Certificate;
  readonly #options: PathSearchOptions;
  #reachable: Reachable;
  /** Certificates that no path may hold: validation found in them a fault that every path with them has. */
  readonly #struckOut = new Set<Certificate>();
  /** Whether a path was left aside for being longer than those that were looked for. */
  #longerPathsExist = true;
  #steps = 0;
  /** Issuers that a certificate was verified with, by the certificate. */
  readonly #verified = new Map<Certificate, Set<Certificate>>();
  #signatures = 0;
  /** Why the most promising branch ended before it reached an anchor. */
  #deadEnd: CertificateError | undefined;

  constructor(leaf: Certificate, options: PathSearchOptions) {
    this.#leaf = leaf;
    this.#options = options;
    this.#reachable = reachable(options, this.#struckOut);
  }

  /** Leaves `certificate` out of all that is still to come. */
  strikeOut(certificate: Certificate): void {
    this.#struckOut.add(certificate);
    this.#reachable = reachable(this.#options, this.#struckOut);
  }

  /** Why no path was found at all. */
  get deadEnd(): CertificateError {
    // An anchor may be at the end of a path that is longer than any that was looked for.
    if (this.#deadEnd === undefined && this.#longerPathsExist) return exceeded();
    return (
      this.#deadEnd ??
      new CertificateError('CERT_ISSUER_UNKNOWN', 'no certification path leads to a trust anchor', {
        detail: { clause: '6.1' },
      })
    );
  }

  /**
   * The candidates: the shorter first, and of one length the likelier. Shorter ones first, because in a mesh of
   * cross-certificates a search in depth would go round through all of it before it tried the next way out.
   * @throws CertificateError CERT_PATH_SEARCH_EXCEEDED
   */
  *candidates(): Generator<CandidatePath> {
    for (let length = 1; length <= LONGEST_PATH && this.#longerPathsExist; length += 1) {
      this.#longerPathsExist = false;
      yield* this.#extend([this.#leaf], new Set([identityOf(this.#leaf)]), length);
    }
  }

  /** The candidates of exactly `length` certificates that start with `path`. */
  *#extend(path: readonly Certificate[], identities: ReadonlySet<string>, length: number): Generator<CandidatePath> {
    const last = path[path.length - 1];
    if (!last) return;
    const issuer = last.issuer.key;
    if (path.length === length) {
      const anchors = this.#options.anchors.filter(({ certificate }) => certificate.subject.key === issuer);
      for (const anchor of anchors.toSorted((a, b) => this.#compare(last, a.certificate, b.certificate))) {
        this.#step();
        if (this.#isUsable(path) && !identities.has(identityOf(anchor.certificate)))
          yield { certificates: path, anchor };
      }
      this.#longerPathsExist ||= this.#issuersOf(issuer).length > 0;
      return;
    }
    for (const next of this.#issuersOf(issuer).toSorted((a, b) => this.#compare(last, a, b))) {
      this.#step();
      const identity = identityOf(next);
      // What was reachable when the loop began may have been struck out since.
      if (identities.has(identity) || !this.#isUsable(path) || !this.#issuersOf(issuer).includes(next)) continue;
      if (path.length + 1 + this.#distance(next) > length) {
        this.#longerPathsExist = true;
      } else if (this.#isSignedBy(last, next, path.length - 1)) {
        yield* this.#extend([...path, next], new Set([...identities, identity]), length);
      }
    }
  }

  #issuersOf(name: string): readonly Certificate[] {
    return this.#reachable.bySubject.get(name) ?? [];
  }

  #isUsable(path: readonly Certificate[]): boolean {
    return !path.some((certificate) => this.#struckOut.has(certificate));
  }

  /** Whether `issuer` signed `certificate`: of several CAs of one name, the others lead nowhere. */
  #isSignedBy(certificate: Certificate, issuer: Certificate, depth: number): boolean {
    this.#countSignature(certificate, issuer);
    try {
      if (this.#options.verify(certificate, issuer.publicKey)) return true;
      if (namesAnotherKey(certificate, issuer)) return false;
      this.#deadEnd ??= new CertificateError(
        'CERT_SIGNATURE_INVALID',
        'the signature is not by the issuer of this name',
        {
          detail: { clause: '6.1.3 (a)(1)', depth },
        },
      );
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      this.#deadEnd ??= new CertificateError(error.code, error.message, { detail: { ...error.detail, depth } });
    }
    return false;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) throw exceeded();
  }

  /** `verify` remembers: only the first time costs anything. */
  #countSignature(certificate: Certificate, issuer: Certificate): void {
    const issuers = this.#verified.get(certificate) ?? new Set();
    this.#verified.set(certificate, issuers);
    if (issuers.has(issuer)) return;
    issuers.add(issuer);
    this.#signatures += 1;
    if (this.#signatures > MOST_SIGNATURES) throw exceeded();
  }

  /** RFC 4158 3.5.12, 3.5.5: the issuer with the key identifier that is asked for, one that is valid now, the shorter way. */
  #compare(subject: Certificate, left: Certificate, right: Certificate): number {
    return this.#rank(subject, right) - this.#rank(subject, left) || this.#distance(left) - this.#distance(right);
  }

  #distance(certificate: Certificate): number {
    return this.#reachable.distances.get(certificate.issuer.key) ?? 0;
  }

  #rank(subject: Certificate, issuer: Certificate): number {
    const { at } = this.#options;
    const isKnown = keyIdentifierOfIssuer(subject) !== undefined && issuer.subjectKeyIdentifier !== undefined;
    const byKeyIdentifier = !isKnown ? 2 : namesAnotherKey(subject, issuer) ? 0 : 4;
    return byKeyIdentifier + (issuer.isNotYetValidAt(at) || issuer.isExpiredAt(at) ? 0 : 1);
  }
}

/**
 * Whether `certificate` says itself that a CA of this name with another key issued it (4.2.1.1): then a signature that
 * does not verify is no fault of it. Its issuer is somebody else, whom we do not know.
 */
export function namesAnotherKey(certificate: Certificate, issuer: Certificate): boolean {
  const wanted = keyIdentifierOfIssuer(certificate);
  const offered = issuer.subjectKeyIdentifier;
  return wanted !== undefined && offered !== undefined && wanted !== offered;
}

function keyIdentifierOfIssuer({ authorityKeyIdentifier }: Certificate): string | undefined {
  return authorityKeyIdentifier?.keyIdentifier;
}

function exceeded(): CertificateError {
  return new CertificateError(
    'CERT_PATH_SEARCH_EXCEEDED',
    'the search for a certification path took too many steps, or reached too far',
    {
      detail: { clause: '6.1', mostSteps: MOST_STEPS, mostSignatures: MOST_SIGNATURES, longestPath: LONGEST_PATH },
    },
  );
}

/** One subject with one key, whatever certificate says so. */
function identityOf({ subject, publicKey }: Certificate): string {
  return `${publicKey.keySha256}${subject.key}`;
}

interface Reachable {
  /** Intermediates by the key of their subject's name; only those from which an anchor can be reached. */
  readonly bySubject: ReadonlyMap<string, readonly Certificate[]>;
  /** By the key of a name: how many certificates lie between it and an anchor at least. */
  readonly distances: ReadonlyMap<string, number>;
}

/** Walks from the anchors' names downwards; the same certificate given twice counts once. */
function reachable({ intermediates, anchors }: PathSearchOptions, without: ReadonlySet<Certificate>): Reachable {
  const byIssuer = new Map<string, Certificate[]>();
  for (const certificate of intermediates) {
    if (!without.has(certificate)) addTo(byIssuer, certificate.issuer.key, certificate);
  }
  const bySubject = new Map<string, Certificate[]>();
  const seen = new Set<string>();
  const distances = new Map(anchors.map(({ certificate }) => [certificate.subject.key, 0]));
  // A Map may grow while it is walked: each name is visited once, the nearer ones first.
  for (const [name, distance] of distances) {
    for (const certificate of byIssuer.get(name) ?? []) {
      if (seen.has(certificate.sha256)) continue;
      seen.add(certificate.sha256);
      const subject = certificate.subject.key;
      addTo(bySubject, subject, certificate);
      if (!distances.has(subject)) distances.set(subject, distance + 1);
    }
  }
  return { bySubject, distances };
}

function addTo(map: Map<string, Certificate[]>, key: string, certificate: Certificate): void {
  const list = map.get(key);
  if (list) list.push(certificate);
  else map.set(key, [certificate]);
}
