/**
 * GeneralName (RFC 5280 4.2.1.6) and DistributionPoint (4.2.1.13), which certificates and CRLs share.
 */
import { decodeIa5 } from './character-string.ts';
import { type DerCursor, DerError, TAG } from './der.ts';
import { type Name, type RelativeDistinguishedName, readAttributes, readName } from './name.ts';

export type GeneralName =
  | { readonly kind: 'otherName'; readonly type: string; readonly der: Uint8Array }
  | { readonly kind: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier'; readonly value: string }
  | { readonly kind: 'directoryName'; readonly name: Name }
  /** 4 or 16 octets; twice as many, address and mask, in a name constraint. */
  | { readonly kind: 'iPAddress'; readonly octets: Uint8Array }
  | { readonly kind: 'registeredID'; readonly value: string }
  | { readonly kind: 'x400Address' | 'ediPartyName'; readonly der: Uint8Array };

export type GeneralNameKind = GeneralName['kind'];

/** Reads the next element, which is a GeneralName; `inConstraint`: the base of a GeneralSubtree. @throws DerError */
export function readGeneralName(cursor: DerCursor, inConstraint = false): GeneralName {
  if (!cursor.next()) throw new DerError('GeneralName is missing', cursor.position);
  const { tag } = cursor;
  switch (tag) {
    case TAG.CONTEXT_CONSTRUCTED + 0: {
      const other = cursor.within();
      const type = other.objectIdentifier();
      const explicit = other.enter(TAG.CONTEXT_CONSTRUCTED + 0);
      other.expectEnd();
      const der = explicit.any();
      explicit.expectEnd();
      return { kind: 'otherName', type, der };
    }
    case TAG.CONTEXT + 1:
      return { kind: 'rfc822Name', value: decodeIa5(cursor.content) };
    case TAG.CONTEXT + 2:
      return { kind: 'dNSName', value: decodeIa5(cursor.content) };
    case TAG.CONTEXT_CONSTRUCTED + 3:
      return { kind: 'x400Address', der: cursor.element };
    case TAG.CONTEXT_CONSTRUCTED + 4: {
      // Name is a CHOICE, so its tag is explicit (X.680 31.2.7).
      const explicit = cursor.within();
      const name = readName(explicit);
      explicit.expectEnd();
      return { kind: 'directoryName', name };
    }
    case TAG.CONTEXT_CONSTRUCTED + 5:
      return { kind: 'ediPartyName', der: cursor.element };
    case TAG.CONTEXT + 6:
      return { kind: 'uniformResourceIdentifier', value: decodeIa5(cursor.content) };
    case TAG.CONTEXT + 7:
      return { kind: 'iPAddress', octets: readAddress(cursor, inConstraint) };
    case TAG.CONTEXT + 8: {
      cursor.position = cursor.elementStart;
      return { kind: 'registeredID', value: cursor.objectIdentifier(tag) };
    }
    default:
      throw new DerError('not a GeneralName', cursor.elementStart);
  }
}

/** 4.2.1.6: RFC 791 or RFC 2460 octets; 4.2.1.10: followed by a mask of the CIDR form (RFC 4632). */
function readAddress({ content, contentStart }: DerCursor, inConstraint: boolean): Uint8Array {
  const width = inConstraint ? content.length / 2 : content.length;
  if (width !== 4 && width !== 16) throw new DerError('iPAddress of a wrong length', contentStart);
  if (inConstraint) {
    let ended = false;
    for (const octet of content.subarray(width)) {
      // A contiguous mask octet, complemented, is one less than a power of two.
      const complement = ~octet & 0xff;
      if ((complement & (complement + 1)) !== 0 || (ended && octet !== 0)) {
        throw new DerError('mask is not contiguous', contentStart);
      }
      ended ||= octet !== 0xff;
    }
  }
  return content;
}

/** The contents of a GeneralNames; `cursor` stands within the SEQUENCE, which is not empty. @throws DerError */
export function readGeneralNames(cursor: DerCursor): readonly GeneralName[] {
  const names: GeneralName[] = [];
  do names.push(readGeneralName(cursor));
  while (!cursor.atEnd);
  return names;
}

/** DistributionPointName: one of the two. */
export interface DistributionPointName {
  readonly fullName?: readonly GeneralName[];
  readonly nameRelativeToCRLIssuer?: RelativeDistinguishedName;
}

/** `cursor` stands within the explicit tag around the CHOICE. @throws DerError */
export function readDistributionPointName(cursor: DerCursor): DistributionPointName {
  let name: DistributionPointName;
  if (cursor.nextTag === TAG.CONTEXT_CONSTRUCTED + 0) {
    name = { fullName: readGeneralNames(cursor.enter(TAG.CONTEXT_CONSTRUCTED + 0)) };
  } else {
    name = { nameRelativeToCRLIssuer: readAttributes(cursor.enter(TAG.CONTEXT_CONSTRUCTED + 1)) };
  }
  cursor.expectEnd();
  return name;
}

/** Bit numbers of ReasonFlags (4.2.1.13). */
const REASON_FLAGS = [
  'unused',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
export type ReasonFlag = (typeof REASON_FLAGS)[number];

/** Reads the next element as ReasonFlags with this implicit tag; a bit without a meaning is no reason. @throws DerError */
export function readReasonFlags(cursor: DerCursor, tag: number): ReadonlySet<ReasonFlag> {
  return readNamedBits(cursor, tag, REASON_FLAGS);
}

/** The names of the bits that are set in the next element, a BIT STRING with this tag. @throws DerError */
export function readNamedBits<Bit extends string>(
  cursor: DerCursor,
  tag: number,
  names: readonly Bit[],
): ReadonlySet<Bit> {
  const { bytes } = cursor.bitString(tag);
  return new Set(names.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

export interface DistributionPoint {
  readonly distributionPoint?: DistributionPointName;
  readonly reasons?: ReadonlySet<ReasonFlag>;
  readonly cRLIssuer?: readonly GeneralName[];
}

/** CRLDistributionPoints and FreshestCRL; `cursor` stands within the SEQUENCE, which is not empty. @throws DerError */
export function readDistributionPoints(cursor: DerCursor): readonly DistributionPoint[] {
  const points: DistributionPoint[] = [];
  do {
    const fields = cursor.sequence();
    const name = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
    const distributionPoint = name && readDistributionPointName(name);
    const reasons = fields.nextTag === TAG.CONTEXT + 1 ? readReasonFlags(fields, TAG.CONTEXT + 1) : undefined;
    const issuer = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 2);
    const cRLIssuer = issuer && readGeneralNames(issuer);
    fields.expectEnd();
    // 4.2.1.13: a DistributionPoint MUST NOT consist of only the reasons field.
    if (!distributionPoint && !cRLIssuer) throw new DerError('DistributionPoint names nothing', cursor.elementStart);
    points.push({
      ...(distributionPoint && { distributionPoint }),
      ...(reasons && { reasons }),
      ...(cRLIssuer && { cRLIssuer }),
    });
  } while (!cursor.atEnd);
  return points;
}
