/**
 * GeneralName (RFC 5280 4.2.1.6) and DistributionPoint (4.2.1.13), which several extensions share.
 */
import { characterString, explicit, implicit, namedBits, octetString, sequence } from '../pki/der-writer.ts';
import { encodeName, encodeRelativeName, type NameAttribute, type NameTemplate } from './distinguished-name.ts';

export type GeneralNameTemplate =
  | { readonly email: string }
  | { readonly dns: string }
  | { readonly directory: NameTemplate | Uint8Array }
  | { readonly uri: string }
  /** Four or sixteen octets; twice as many, address and mask, in name constraints. */
  | { readonly ip: readonly number[] }
  /** Any other form, already encoded with its context tag. */
  | { readonly der: Uint8Array };

export function encodeGeneralName(name: GeneralNameTemplate): Buffer {
  if ('email' in name) return implicit(1, characterString(name.email, 'ia5'));
  if ('dns' in name) return implicit(2, characterString(name.dns, 'ia5'));
  // Name is a CHOICE, so its tag is explicit (X.680 31.2.7).
  if ('directory' in name) return explicit(4, encodeName(name.directory));
  if ('uri' in name) return implicit(6, characterString(name.uri, 'ia5'));
  if ('ip' in name) return implicit(7, octetString(Buffer.from(name.ip)));
  return Buffer.from(name.der);
}

export interface DistributionPoint {
  readonly fullName?: readonly GeneralNameTemplate[];
  readonly relativeName?: readonly NameAttribute[];
  readonly reasons?: readonly ReasonFlag[];
  readonly crlIssuer?: readonly GeneralNameTemplate[];
}

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

/** DistributionPointName is a CHOICE: `[0]` around it is explicit. */
export function distributionPointName({ fullName, relativeName }: DistributionPoint): Buffer[] {
  if (fullName) return [explicit(0, implicit(0, sequence(...fullName.map(encodeGeneralName))))];
  if (relativeName) return [explicit(0, implicit(1, encodeRelativeName(relativeName)))];
  return [];
}

export function reasonFlags(reasons: readonly ReasonFlag[]): Buffer {
  return namedBits(reasons.map((reason) => REASON_FLAGS.indexOf(reason)));
}

export function encodeDistributionPoint(point: DistributionPoint): Buffer {
  return sequence(
    ...distributionPointName(point),
    ...(point.reasons ? [implicit(1, reasonFlags(point.reasons))] : []),
    ...(point.crlIssuer ? [implicit(2, sequence(...point.crlIssuer.map(encodeGeneralName)))] : []),
  );
}
