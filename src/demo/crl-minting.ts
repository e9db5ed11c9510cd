/**
 * Mints certificate revocation lists (RFC 5280 5.1). As with certificates, the template is followed to the letter.
 */
import type { KeyObject } from 'node:crypto';
import { explicit, integer, integerOf, sequence, time } from '../pki/der-writer.ts';
import { encodeName, type NameTemplate } from './distinguished-name.ts';
import { type Extension, encodeExtensions } from './extension.ts';
import { algorithmIdentifier, type SignatureAlgorithmName, signedObject, usualAlgorithm } from './signing.ts';

export interface CrlEntry {
  /** Contents octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly revocationDate: Date;
  /** Reason code and the like; none leaves the field out. */
  readonly extensions?: readonly Extension[];
}

export interface CrlTemplate {
  readonly issuer: NameTemplate | Uint8Array;
  readonly issuerKey: KeyObject;
  readonly thisUpdate: Date;
  /** RFC 5280 demands it; a test may leave it out. */
  readonly nextUpdate?: Date;
  /** In this order. An empty list leaves the field out, as 5.1.2.6 demands. */
  readonly entries: readonly CrlEntry[];
  readonly extensions: readonly Extension[];
  /** 2 unless a test wants a version 1 CRL. */
  readonly version?: 1 | 2;
  readonly signatureAlgorithm?: SignatureAlgorithmName;
  readonly outerSignatureAlgorithm?: SignatureAlgorithmName;
}

/** The DER of the CRL. */
export function mintCrl(template: CrlTemplate): Buffer {
  const algorithm = template.signatureAlgorithm ?? usualAlgorithm(template.issuerKey);
  const toBeSigned = sequence(
    ...(template.version === 1 ? [] : [integer(1)]),
    algorithmIdentifier(algorithm),
    encodeName(template.issuer),
    time(template.thisUpdate),
    ...(template.nextUpdate ? [time(template.nextUpdate)] : []),
    ...(template.entries.length === 0 ? [] : [sequence(...template.entries.map(encodeEntry))]),
    ...(template.extensions.length === 0 ? [] : [explicit(0, encodeExtensions(template.extensions))]),
  );
  return signedObject(toBeSigned, template.issuerKey, algorithm, template.outerSignatureAlgorithm);
}

function encodeEntry({ serialNumber, revocationDate, extensions = [] }: CrlEntry): Buffer {
  return sequence(
    integerOf(serialNumber),
    time(revocationDate),
    ...(extensions.length === 0 ? [] : [encodeExtensions(extensions)]),
  );
}
