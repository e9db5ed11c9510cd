/**
 * AlgorithmIdentifier (RFC 5280 4.1.1.2) and the SIGNED macro of X.509, which certificates, CRLs and OCSP responses share.
 */
import { type DerCursor, DerError, TAG } from './der.ts';

export interface AlgorithmIdentifier {
  /** Dotted decimal. */
  readonly oid: string;
  /** DER of the parameters; undefined when they are absent. */
  readonly parameters: Uint8Array | undefined;
  readonly der: Uint8Array;
}

/** Reads the next element, which is an AlgorithmIdentifier. @throws DerError */
export function readAlgorithmIdentifier(cursor: DerCursor): AlgorithmIdentifier {
  const fields = cursor.sequence();
  const oid = fields.objectIdentifier();
  const parameters = fields.atEnd ? undefined : fields.any();
  fields.expectEnd();
  return { oid, parameters, der: cursor.element };
}

/** SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING } */
export interface SignedObject {
  /** DER of what is signed: a SEQUENCE, not read any further. */
  readonly toBeSigned: Uint8Array;
  /** DER of the AlgorithmIdentifier. It is not signed: use the one inside what is signed where there is one, and compare. */
  readonly signatureAlgorithm: Uint8Array;
  /** Octets of the signature: every algorithm of X.509 fills whole octets. */
  readonly signature: Uint8Array;
}

/** The contents of a signed object; `cursor` stands within its SEQUENCE. @throws DerError */
export function readSigned(cursor: DerCursor): SignedObject {
  cursor.expect(TAG.SEQUENCE);
  const toBeSigned = cursor.element;
  cursor.expect(TAG.SEQUENCE);
  const signatureAlgorithm = cursor.element;
  const signature = readSignature(cursor);
  cursor.expectEnd();
  return { toBeSigned, signatureAlgorithm, signature };
}

/** Reads the next element, which is the BIT STRING of a signature. @throws DerError */
export function readSignature(cursor: DerCursor): Uint8Array {
  const { bytes, unusedBits } = cursor.bitString();
  if (unusedBits !== 0) throw new DerError('signature does not fill whole octets', cursor.contentStart);
  return bytes;
}
