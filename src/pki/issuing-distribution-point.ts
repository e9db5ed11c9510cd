/**
 * The issuing distribution point of a CRL (RFC 5280 5.2.5), and whether it and a distribution point of a certificate
 * mean the same CRL (6.3.3 (b)).
 */
import { type DerCursor, DerError, enterWhole, TAG, toHex } from './der.ts';
import {
  type DistributionPoint,
  type DistributionPointName,
  type GeneralName,
  type ReasonFlag,
  readDistributionPointName,
  readReasonFlags,
} from './general-name.ts';
import { keyOfNameBelow, type Name } from './name.ts';

export interface IssuingDistributionPoint {
  readonly distributionPoint?: DistributionPointName;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  /** Absent: every reason. */
  readonly onlySomeReasons?: ReadonlySet<ReasonFlag>;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

/** @param value the extension's value @throws DerError */
export function readIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  const fields = enterWhole(value);
  // 5.2.5: MUST NOT be an empty sequence.
  if (fields.atEnd) throw new DerError('issuingDistributionPoint that says nothing', 0);
  const explicit = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  const distributionPoint = explicit && readDistributionPointName(explicit);
  const onlyContainsUserCerts = readFlag(fields, 1);
  const onlyContainsCACerts = readFlag(fields, 2);
  const onlySomeReasons = fields.nextTag === TAG.CONTEXT + 3 ? readReasonFlags(fields, TAG.CONTEXT + 3) : undefined;
  const indirectCRL = readFlag(fields, 4);
  const onlyContainsAttributeCerts = readFlag(fields, 5);
  fields.expectEnd();
  // 5.2.5: at most one of the three.
  if (Number(onlyContainsUserCerts) + Number(onlyContainsCACerts) + Number(onlyContainsAttributeCerts) > 1) {
    throw new DerError('issuingDistributionPoint of more than one kind of certificate', 0);
  }
  return {
    ...(distributionPoint && { distributionPoint }),
    onlyContainsUserCerts,
    onlyContainsCACerts,
    ...(onlySomeReasons && { onlySomeReasons }),
    indirectCRL,
    onlyContainsAttributeCerts,
  };
}

/** BOOLEAN DEFAULT FALSE: X.690 11.5 leaves FALSE out. */
function readFlag(fields: DerCursor, number: number): boolean {
  if (fields.nextTag !== TAG.CONTEXT + number) return false;
  if (!fields.boolean(TAG.CONTEXT + number)) throw new DerError('default value is encoded', fields.elementStart);
  return true;
}

/**
 * 6.3.3 (b)(2)(i): true when the CRL names no place, or one of its names is one of the certificate's.
 * Where the distribution point of the certificate has no name of its own, its cRLIssuer names take the place.
 */
export function isSamePlace(
  ofCrl: DistributionPointName | undefined,
  crlIssuer: Name,
  ofCertificate: DistributionPoint,
  certificateIssuer: Name,
): boolean {
  if (ofCrl === undefined) return true;
  const { distributionPoint, cRLIssuer } = ofCertificate;
  // 4.2.1.13: relative to the cRLIssuer where one is given, of which there is then exactly one name.
  const base = cRLIssuer === undefined ? certificateIssuer : soleDirectoryName(cRLIssuer);
  const theirs =
    distributionPoint === undefined ? (cRLIssuer ?? []).map(keyOfGeneralName) : keysOf(distributionPoint, base);
  const ofThisCrl = placesOf(ofCrl, crlIssuer);
  return theirs.some((key) => ofThisCrl.has(key));
}

/** Of each CRL once: a CRL of many names and a certificate of many distribution points must not cost their product. */
const places = new WeakMap<DistributionPointName, ReadonlySet<string>>();

/** @param ofCrl of a CRL of this issuer, as it always is */
function placesOf(ofCrl: DistributionPointName, crlIssuer: Name): ReadonlySet<string> {
  const known = places.get(ofCrl) ?? new Set(keysOf(ofCrl, crlIssuer));
  places.set(ofCrl, known);
  return known;
}

function soleDirectoryName(names: readonly GeneralName[]): Name | undefined {
  const [only, ...others] = names;
  return others.length === 0 && only?.kind === 'directoryName' ? only.name : undefined;
}

function keysOf(
  { fullName, nameRelativeToCRLIssuer }: DistributionPointName,
  base: Name | undefined,
): readonly string[] {
  if (fullName !== undefined) return fullName.map(keyOfGeneralName);
  if (nameRelativeToCRLIssuer === undefined || base === undefined) return [];
  return [`directoryName ${keyOfNameBelow(base, nameRelativeToCRLIssuer)}`];
}

/** Equal for exactly the names that are equal; addresses as they are written, because `FOO.CRL` may be another list than `foo.crl`. */
function keyOfGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case 'directoryName':
      return `${name.kind} ${name.name.key}`;
    case 'iPAddress':
      return `${name.kind} ${toHex(name.octets)}`;
    case 'otherName':
      return `${name.kind} ${name.type} ${toHex(name.der)}`;
    case 'x400Address':
    case 'ediPartyName':
      return `${name.kind} ${toHex(name.der)}`;
    default:
      return `${name.kind} ${name.value}`;
  }
}
