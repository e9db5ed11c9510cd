/**
 * Mints certificates (RFC 5280 4.1). The template is followed to the letter: what it leaves out is not added, so that a
 * test can have a certificate with exactly one fault. `authority.ts` holds the templates that follow every rule.
 */
import { type KeyObject, randomBytes } from 'node:crypto';
import { explicit, integer, integerOf, sequence, time } from '../pki/der-writer.ts';
import { encodeName, type NameTemplate } from './distinguished-name.ts';
import { type Extension, encodeExtensions } from './extension.ts';
import {
  algorithmIdentifier,
  type SignatureAlgorithmName,
  signedObject,
  subjectPublicKeyInfo,
  usualAlgorithm,
} from './signing.ts';

export interface CertificateTemplate {
  readonly subject: NameTemplate | Uint8Array;
  readonly subjectKey: KeyObject;
  readonly issuer: NameTemplate | Uint8Array;
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Contents octets of the INTEGER; random when left out. */
  readonly serialNumber?: Uint8Array;
  /** In this order, repetitions included. An empty list leaves the field out. */
  readonly extensions: readonly Extension[];
  /** 3 unless a test wants another one. */
  readonly version?: 1 | 2 | 3;
  readonly signatureAlgorithm?: SignatureAlgorithmName;
  /** The algorithm named outside the signature, when it shall differ from the one inside. */
  readonly outerSignatureAlgorithm?: SignatureAlgorithmName;
}

/** The DER of the certificate. */
export function mintCertificate(template: CertificateTemplate): Buffer {
  const algorithm = template.signatureAlgorithm ?? usualAlgorithm(template.issuerKey);
  const version = template.version ?? 3;
  const toBeSigned = sequence(
    // v1 is the default, which DER leaves out.
    ...(version === 1 ? [] : [explicit(0, integer(version - 1))]),
    integerOf(template.serialNumber ?? randomSerialNumber()),
    algorithmIdentifier(algorithm),
    encodeName(template.issuer),
    sequence(time(template.notBefore), time(template.notAfter)),
    encodeName(template.subject),
    subjectPublicKeyInfo(template.subjectKey),
    ...(template.extensions.length === 0 ? [] : [explicit(3, encodeExtensions(template.extensions))]),
  );
  return signedObject(toBeSigned, template.issuerKey, algorithm, template.outerSignatureAlgorithm);
}

/** RFC 5280 4.1.2.2: positive, at most 20 octets, unpredictable; the first octet is never 0, so 16 octets are 16. */
export function randomSerialNumber(): Buffer {
  const serialNumber = randomBytes(16);
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
  return serialNumber;
}
