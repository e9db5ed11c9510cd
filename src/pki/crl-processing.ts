/**
 * What CRLs say of one certificate: RFC 5280 6.3.3, under its letters.
 *
 * Three things are stricter than the letter. A CRL that is usable and lists the certificate counts, even when another
 * usable CRL does not list it. A delta CRL lifts a hold and no other revocation (5.3.1). And a distribution point without
 * a cRLIssuer promises a CRL of the certificate's issuer for its own certificates alone: an indirect CRL in its place is
 * not relied on.
 */
import type { RevocationCode } from '../errors.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { equalBytes } from './der.ts';
import type { DistributionPoint, ReasonFlag } from './general-name.ts';
import { isSamePlace } from './issuing-distribution-point.ts';
import { equalNames } from './name.ts';
import type { RevokedEntry } from './revocation-index.ts';
import { ALL_REASONS, type RevocationReason } from './revocation-reason.ts';

export interface CrlProcessing {
  readonly at: Date;
  /** A CRL older than this is stale whatever its nextUpdate says; demanded of a CRL without nextUpdate. */
  readonly maxAgeSeconds?: number | undefined;
  /** How far the issuer's clock may be ahead of ours. */
  readonly skewSeconds: number;
  /** Also what RFC 5280 5.2 demands of every CRL. */
  readonly strict: boolean;
  /** What the CRLs said once, however long ago: it finds what was ever revoked, and makes nothing good. Default false. */
  readonly isAgeIgnored?: boolean | undefined;
  /**
   * 6.3.3 (f), (g): whether a key that may sign CRLs for this certificate signed this CRL. `delegated`: the
   * distribution point of the certificate names the CRL issuer in cRLIssuer.
   */
  readonly isSignedByCrlIssuer: (crl: Crl, delegated: boolean) => boolean;
}

export type CrlAnswer =
  | { readonly status: 'good'; readonly crl: Crl }
  | { readonly status: 'revoked'; readonly crl: Crl; readonly reason: RevocationReason; readonly revocationDate: Date }
  | { readonly status: 'unknown'; readonly code: RevocationCode; readonly clause: string; readonly crl?: Crl };

type Unusable = Extract<CrlAnswer, { status: 'unknown' }>;

/** 6.3.3. @param crls complete and delta CRLs, of this issuer and of others, in any order */
export function processCrls(certificate: Certificate, crls: readonly Crl[], processing: CrlProcessing): CrlAnswer {
  const reasonsMask = new Set<ReasonFlag>();
  let failure: Unusable = { status: 'unknown', code: 'REVOCATION_UNKNOWN', clause: '6.3.3' };
  let revoked: Extract<CrlAnswer, { status: 'revoked' }> | undefined;
  let good: Crl | undefined;
  for (const point of distributionPointsOf(certificate)) {
    for (const crl of crls) {
      // 5.2.4: a delta CRL alone makes nothing good, but what it lists was revoked.
      if ((crl.isDelta && !processing.isAgeIgnored) || !isIssuedFor(certificate, point, crl)) continue;
      const unusable =
        scopeFault(certificate, point, crl) ??
        authenticityFault(crl, point, processing) ??
        profileFault(crl, processing) ??
        freshnessFault(crl, processing);
      if (unusable !== undefined) {
        failure = moreTelling(failure, unusable);
        continue;
      }
      // (c), (h)
      const delta = latestDelta(crl, crls, point, processing);
      const { newest, entry } = lookUp(certificate, crl, delta);
      // (l): what is revoked stays so, whatever another CRL says.
      if (entry !== undefined && isWorse(entry, revoked)) revoked = { status: 'revoked', crl: newest, ...entry };
      for (const reason of interimReasons(point, crl)) reasonsMask.add(reason);
      good ??= newest;
    }
  }
  if (revoked !== undefined) return revoked;
  if (good === undefined) return failure;
  // The certificate is good when every reason is covered, and undetermined until then.
  if ([...ALL_REASONS].every((reason) => reasonsMask.has(reason))) return { status: 'good', crl: good };
  return failure.code === 'REVOCATION_UNKNOWN' ? { ...failure, clause: '6.3.3 (e)', crl: good } : failure;
}

/**
 * 6.3.3, first and last paragraph: without distribution points, any CRL of the certificate's issuer may cover it, at the
 * place that the issuer's own name is.
 */
function distributionPointsOf(certificate: Certificate): readonly DistributionPoint[] {
  const name = { kind: 'directoryName', name: certificate.issuer } as const;
  return certificate.cRLDistributionPoints ?? [{ distributionPoint: { fullName: [name] } }];
}

/** (b)(1): whose CRL it is. Another one says nothing of the certificate, and is no failure either. */
function isIssuedFor(certificate: Certificate, { cRLIssuer }: DistributionPoint, crl: Crl): boolean {
  if (cRLIssuer === undefined) return equalNames(crl.issuer, certificate.issuer);
  return cRLIssuer.some((name) => name.kind === 'directoryName' && equalNames(name.name, crl.issuer));
}

/** (b)(1) and (b)(2): whether the certificate is in the scope of the CRL. */
function scopeFault(certificate: Certificate, point: DistributionPoint, crl: Crl): Unusable | undefined {
  const mismatch = (clause: string): Unusable => ({ status: 'unknown', code: 'CRL_SCOPE_MISMATCH', clause, crl });
  const scope = crl.issuingDistributionPoint;
  const delegated = point.cRLIssuer !== undefined;
  if (delegated && scope?.indirectCRL !== true) return mismatch('6.3.3 (b)(1)');
  if (scope === undefined) return undefined;
  if (!delegated && scope.indirectCRL && certificate.cRLDistributionPoints !== undefined)
    return mismatch('6.3.3 (b)(1)');
  if (!isSamePlace(scope.distributionPoint, crl.issuer, point, certificate.issuer)) return mismatch('6.3.3 (b)(2)(i)');
  const isCa = certificate.basicConstraints?.cA === true;
  if (scope.onlyContainsUserCerts && isCa) return mismatch('6.3.3 (b)(2)(ii)');
  if (scope.onlyContainsCACerts && !isCa) return mismatch('6.3.3 (b)(2)(iii)');
  // 5.2.5: either flag excludes certificates of version 1 and 2, which cannot say what they are.
  if ((scope.onlyContainsUserCerts || scope.onlyContainsCACerts) && certificate.version < 3) return mismatch('5.2.5');
  if (scope.onlyContainsAttributeCerts) return mismatch('6.3.3 (b)(2)(iv)');
  return undefined;
}

/** (f), (g) */
function authenticityFault(crl: Crl, point: DistributionPoint, processing: CrlProcessing): Unusable | undefined {
  if (processing.isSignedByCrlIssuer(crl, point.cRLIssuer !== undefined)) return undefined;
  return { status: 'unknown', code: 'CRL_SIGNATURE_INVALID', clause: '6.3.3 (f), (g)', crl };
}

/** 5.2.3: every CRL has a number, without which an older one cannot be told from a newer; version 1 cannot have it. */
function profileFault(crl: Crl, { strict }: CrlProcessing): Unusable | undefined {
  if (!strict || crl.crlNumber !== undefined) return undefined;
  return { status: 'unknown', code: 'CRL_MALFORMED', clause: '5.2.3', crl };
}

/** 5.1.2.4, 5.1.2.5. What a CRL said once may have changed: it counts from thisUpdate to nextUpdate. */
function freshnessFault(crl: Crl, processing: CrlProcessing): Unusable | undefined {
  const { at, maxAgeSeconds, skewSeconds, isAgeIgnored = false } = processing;
  if (isAgeIgnored) return undefined;
  const now = at.getTime();
  const ageSeconds = (now - crl.thisUpdate.getTime()) / 1000;
  // Written so that an invalid date is outside of every period.
  if (!(ageSeconds >= -skewSeconds)) return { status: 'unknown', code: 'CRL_NOT_YET_VALID', clause: '5.1.2.4', crl };
  const current = crl.nextUpdate === undefined ? maxAgeSeconds !== undefined : now <= crl.nextUpdate.getTime();
  const young = maxAgeSeconds === undefined || ageSeconds <= maxAgeSeconds;
  return current && young ? undefined : { status: 'unknown', code: 'REVOCATION_STALE', clause: '5.1.2.5', crl };
}

/** (d) */
function interimReasons(point: DistributionPoint, crl: Crl): readonly ReasonFlag[] {
  const ofPoint = point.reasons ?? ALL_REASONS;
  const ofCrl = crl.issuingDistributionPoint?.onlySomeReasons ?? ALL_REASONS;
  return [...ALL_REASONS].filter((reason) => ofPoint.has(reason) && ofCrl.has(reason));
}

/** 5.2.4 and (c): of the usable delta CRLs that continue this complete CRL, the one with the highest number. */
function latestDelta(
  complete: Crl,
  crls: readonly Crl[],
  point: DistributionPoint,
  processing: CrlProcessing,
): Crl | undefined {
  let latest: Crl | undefined;
  for (const delta of crls) {
    if (!continues(delta, complete) || (latest?.crlNumber ?? -1n) >= (delta.crlNumber ?? -1n)) continue;
    if (authenticityFault(delta, point, processing) ?? freshnessFault(delta, processing)) continue;
    latest = delta;
  }
  return latest;
}

/** The same issuer, scope and key, and a number line without a gap. */
function continues(delta: Crl, complete: Crl): boolean {
  if (delta.baseCrlNumber === undefined || delta.crlNumber === undefined || complete.crlNumber === undefined)
    return false;
  return (
    equalNames(delta.issuer, complete.issuer) &&
    sameExtension(delta, complete, '2.5.29.28') &&
    sameExtension(delta, complete, '2.5.29.35') &&
    delta.baseCrlNumber <= complete.crlNumber &&
    complete.crlNumber < delta.crlNumber
  );
}

function sameExtension(one: Crl, other: Crl, oid: string): boolean {
  const [first, second] = [one.extensions.get(oid)?.value, other.extensions.get(oid)?.value];
  return first === undefined || second === undefined ? first === second : equalBytes(first, second);
}

/** (i) to (k): the delta CRL first; where it is silent, the complete one. */
function lookUp(
  certificate: Certificate,
  complete: Crl,
  delta: Crl | undefined,
): { readonly newest: Crl; readonly entry?: RevokedEntry } {
  const { issuer, serialNumber } = certificate;
  const changes = delta?.entriesFor(issuer, serialNumber) ?? [];
  const before = worst(complete.entriesFor(issuer, serialNumber).filter(isRevocation));
  if (delta !== undefined && changes.length > 0) {
    const entry = worst(changes.filter(isRevocation));
    if (entry !== undefined) return { newest: delta, entry };
    if (before === undefined || before.reason === 'certificateHold') return { newest: delta };
  }
  return before === undefined ? { newest: delta ?? complete } : { newest: complete, entry: before };
}

/** 5.3.1: in a delta CRL an entry may also say that the certificate is listed no more. */
function isRevocation({ reason }: RevokedEntry): boolean {
  return reason !== 'removeFromCRL';
}

/** An issuer lists a certificate once; of two entries, the one that is not a mere suspension counts. */
function worst(entries: readonly RevokedEntry[]): RevokedEntry | undefined {
  return entries.find(({ reason }) => reason !== 'certificateHold') ?? entries[0];
}

function isWorse({ reason }: RevokedEntry, than: { readonly reason: RevocationReason } | undefined): boolean {
  return than === undefined || (than.reason === 'certificateHold' && reason !== 'certificateHold');
}

/** The farther a CRL came, the more its failure explains. */
const STEPS: readonly RevocationCode[] = [
  'REVOCATION_UNKNOWN',
  'CRL_SCOPE_MISMATCH',
  'CRL_SIGNATURE_INVALID',
  'CRL_MALFORMED',
  'CRL_NOT_YET_VALID',
  'REVOCATION_STALE',
];

function moreTelling(one: Unusable, other: Unusable): Unusable {
  return STEPS.indexOf(other.code) > STEPS.indexOf(one.code) ? other : one;
}
