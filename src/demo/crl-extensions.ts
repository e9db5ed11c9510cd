/**
 * The extensions of a CRL (RFC 5280 5.2) and of its entries (5.3). `critical` has the value that the standard asks for
 * unless the caller says otherwise. Authority key identifier and freshest CRL are those of certificates.
 */
import { boolean, enumerated, generalizedTime, implicit, integer, sequence } from '../pki/der-writer.ts';
import { type Extension, extension } from './extension.ts';
import {
  type DistributionPoint,
  distributionPointName,
  encodeGeneralName,
  type GeneralNameTemplate,
  type ReasonFlag,
  reasonFlags,
} from './general-name.ts';

/** 5.2.3 */
export function crlNumber(number: number | bigint, critical = false): Extension {
  return extension('2.5.29.20', critical, integer(number));
}

/** 5.2.4 */
export function deltaCrlIndicator(baseCrlNumber: number | bigint, critical = true): Extension {
  return extension('2.5.29.27', critical, integer(baseCrlNumber));
}

export interface IssuingDistributionPoint extends Pick<DistributionPoint, 'fullName' | 'relativeName'> {
  readonly onlyContainsUserCerts?: boolean;
  readonly onlyContainsCACerts?: boolean;
  readonly onlySomeReasons?: readonly ReasonFlag[];
  readonly indirectCRL?: boolean;
  readonly onlyContainsAttributeCerts?: boolean;
}

/** 5.2.5 */
export function issuingDistributionPoint(point: IssuingDistributionPoint, critical = true): Extension {
  const flag = (number: number, value: boolean | undefined): Buffer[] =>
    value ? [implicit(number, boolean(true))] : [];
  const fields = [
    ...distributionPointName(point),
    ...flag(1, point.onlyContainsUserCerts),
    ...flag(2, point.onlyContainsCACerts),
    ...(point.onlySomeReasons ? [implicit(3, reasonFlags(point.onlySomeReasons))] : []),
    ...flag(4, point.indirectCRL),
    ...flag(5, point.onlyContainsAttributeCerts),
  ];
  return extension('2.5.29.28', critical, sequence(...fields));
}

// --- RFC 5280 5.3: entries of a CRL ---

export const REASON_CODES = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;
export type ReasonCodeName = keyof typeof REASON_CODES;

/** 5.3.1 */
export function reasonCode(reason: ReasonCodeName, critical = false): Extension {
  return extension('2.5.29.21', critical, enumerated(REASON_CODES[reason]));
}

/** 5.3.2 */
export function invalidityDate(at: Date, critical = false): Extension {
  return extension('2.5.29.24', critical, generalizedTime(at));
}

/** 5.3.3 */
export function certificateIssuer(names: readonly GeneralNameTemplate[], critical = true): Extension {
  return extension('2.5.29.29', critical, sequence(...names.map(encodeGeneralName)));
}
