/**
 * The fields of a certificate revocation list around the list itself (RFC 5280 5.1.2, 5.2): what stands before
 * revokedCertificates, and the extensions after it.
 */
import { RevocationError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { EXTENSION, readCertificateExtensions } from './certificate-extensions.ts';
import { DerCursor, DerError, TAG } from './der.ts';
import { type Instant, readTime } from './der-time.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extension.ts';
import { type IssuingDistributionPoint, readIssuingDistributionPoint } from './issuing-distribution-point.ts';
import { type Name, readName } from './name.ts';

/** Object identifiers of the extensions that only a CRL has (5.2). */
const CRL_EXTENSION = {
  cRLNumber: '2.5.29.20',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
} as const;

/** Extensions that a CRL shares with certificates, in the same syntax. */
const SHARED_EXTENSIONS: readonly string[] = [
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.issuerAltName,
  EXTENSION.freshestCRL,
  EXTENSION.authorityInfoAccess,
];

/** 5.2: the two that change what a CRL means, and so may be critical. Any other one must not be (5.2.1 to 5.2.7). */
const PROCESSED_EXTENSIONS: ReadonlySet<string> = new Set([
  CRL_EXTENSION.deltaCRLIndicator,
  CRL_EXTENSION.issuingDistributionPoint,
]);

/** The fields of a TBSCertList before revokedCertificates. */
export interface CrlHead {
  readonly version: 1 | 2;
  readonly tbsSignature: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
}

/** 5.1.2.1 to 5.1.2.5. @throws DerError */
export function readHead(tbs: DerCursor): CrlHead {
  // 5.1.2.1: absent in version 1; where present it MUST be v2, whose number is 1.
  const version = tbs.nextTag === TAG.INTEGER ? 2 : 1;
  if (version === 2 && tbs.smallInteger(1) !== 1) throw new DerError('default version is encoded', tbs.elementStart);
  const tbsSignature = readAlgorithmIdentifier(tbs);
  const issuer = readName(tbs);
  if (issuer.isEmpty) throw new DerError('issuer is empty', tbs.elementStart);
  const thisUpdate = readTime(tbs);
  const hasNextUpdate = tbs.nextTag === TAG.UTC_TIME || tbs.nextTag === TAG.GENERALIZED_TIME;
  const nextUpdate = hasNextUpdate ? readTime(tbs) : undefined;
  return { version, tbsSignature, issuer, thisUpdate, nextUpdate };
}

export interface CrlExtensions {
  readonly all: Extensions;
  readonly crlNumber: bigint | undefined;
  readonly baseCrlNumber: bigint | undefined;
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  readonly indirect: boolean;
  readonly delta: boolean;
}

/** 5.2. @param der of the Extensions; empty when absent. @throws DerError; RevocationError CRL_CRITICAL_EXTENSION_UNKNOWN */
export function readCrlExtensions(der: Uint8Array, version: 1 | 2): CrlExtensions {
  if (der.length > 0 && version === 1) throw new DerError('extensions in a version 1 CRL', 0);
  const cursor = new DerCursor(der);
  const all = der.length === 0 ? NO_EXTENSIONS : readExtensions(cursor);
  cursor.expectEnd();
  for (const { oid, critical } of all.values()) {
    if (critical && !PROCESSED_EXTENSIONS.has(oid)) {
      throw new RevocationError('CRL_CRITICAL_EXTENSION_UNKNOWN', 'a critical extension of the CRL is not processed', {
        detail: { clause: '5.2', extension: oid },
      });
    }
  }
  const shared = readCertificateExtensions(new Map([...all].filter(([oid]) => SHARED_EXTENSIONS.includes(oid))));
  const place = all.get(CRL_EXTENSION.issuingDistributionPoint);
  const issuingDistributionPoint = place && readIssuingDistributionPoint(place.value);
  const baseCrlNumber = readNumber(all, CRL_EXTENSION.deltaCRLIndicator);
  return {
    all,
    crlNumber: readNumber(all, CRL_EXTENSION.cRLNumber),
    baseCrlNumber,
    issuingDistributionPoint,
    authorityKeyIdentifier: shared.authorityKeyIdentifier?.keyIdentifier,
    indirect: issuingDistributionPoint?.indirectCRL ?? false,
    delta: baseCrlNumber !== undefined,
  };
}

/** 5.2.3: CRLNumber ::= INTEGER (0..MAX), of up to 20 octets. */
function readNumber(extensions: Extensions, oid: string): bigint | undefined {
  const extension = extensions.get(oid);
  if (extension === undefined) return undefined;
  const cursor = new DerCursor(extension.value);
  const octets = cursor.integer();
  cursor.expectEnd();
  if ((octets[0] ?? 0) >= 0x80 || octets.length > 21) throw new DerError('CRL number out of range', 0);
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}
