/**
 * Reason codes of RFC 5280 5.3.1 (CRLReason), by their standard names.
 */
import type { ReasonFlag } from './general-name.ts';

/** By their numbers. The number 7 is not used; an absent reason code means `unspecified`. */
const REASON_BY_CODE = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

export type RevocationReason = NonNullable<(typeof REASON_BY_CODE)[number]>;

export const REASON_CODE_REMOVE_FROM_CRL = 8;

/** The reason of a CRLReason number, or undefined when the standard assigns none. */
export function revocationReason(code: number): RevocationReason | undefined {
  return REASON_BY_CODE[code];
}

/** The `all-reasons` of RFC 5280 6.3.3: the flags of ReasonFlags that name a reason. */
export const ALL_REASONS: ReadonlySet<ReasonFlag> = new Set([
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
]);
