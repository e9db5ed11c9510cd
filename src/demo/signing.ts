/**
 * Keys and signatures of an authority that mints certificates and CRLs.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bitString, nullValue, objectIdentifier, sequence } from '../pki/der-writer.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type KeyType =
  | 'P-256'
  | 'P-384'
  | 'P-521'
  | 'brainpoolP256r1'
  | 'Ed25519'
  | 'RSA-1024'
  | 'RSA-2048'
  | 'RSA-4096';

export function generateKeys(type: KeyType = 'P-256'): KeyPair {
  if (type === 'Ed25519') return generateKeyPairSync('ed25519');
  if (type.startsWith('RSA-')) return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) });
  return generateKeyPairSync('ec', { namedCurve: type });
}

interface SignatureAlgorithm {
  readonly oid: string;
  /** RSA with PKCS #1 v1.5 writes a NULL (RFC 4055 5), the others leave the parameters out (RFC 5758 3.2, RFC 8410 3). */
  readonly parameters?: Buffer;
  readonly hash: string | null;
}

export const SIGNATURE_ALGORITHMS = {
  'ecdsa-with-SHA1': { oid: '1.2.840.10045.4.1', hash: 'sha1' },
  'ecdsa-with-SHA256': { oid: '1.2.840.10045.4.3.2', hash: 'sha256' },
  'ecdsa-with-SHA384': { oid: '1.2.840.10045.4.3.3', hash: 'sha384' },
  'ecdsa-with-SHA512': { oid: '1.2.840.10045.4.3.4', hash: 'sha512' },
  md5WithRSAEncryption: { oid: '1.2.840.113549.1.1.4', parameters: nullValue(), hash: 'md5' },
  sha1WithRSAEncryption: { oid: '1.2.840.113549.1.1.5', parameters: nullValue(), hash: 'sha1' },
  sha256WithRSAEncryption: { oid: '1.2.840.113549.1.1.11', parameters: nullValue(), hash: 'sha256' },
  Ed25519: { oid: '1.3.101.112', hash: null },
} as const satisfies Record<string, SignatureAlgorithm>;

export type SignatureAlgorithmName = keyof typeof SIGNATURE_ALGORITHMS;

/** The algorithm that fits the strength of the key. */
export function usualAlgorithm(key: KeyObject): SignatureAlgorithmName {
  if (key.asymmetricKeyType === 'rsa') return 'sha256WithRSAEncryption';
  if (key.asymmetricKeyType === 'ed25519') return 'Ed25519';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return 'ecdsa-with-SHA384';
  if (curve === 'secp521r1') return 'ecdsa-with-SHA512';
  return 'ecdsa-with-SHA256';
}

/** The DER of the AlgorithmIdentifier. */
export function algorithmIdentifier(name: SignatureAlgorithmName): Buffer {
  const { oid, parameters }: SignatureAlgorithm = SIGNATURE_ALGORITHMS[name];
  return parameters ? sequence(objectIdentifier(oid), parameters) : sequence(objectIdentifier(oid));
}

/** SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }: the SIGNED macro of X.509. */
export function signedObject(
  toBeSigned: Uint8Array,
  key: KeyObject,
  algorithm: SignatureAlgorithmName = usualAlgorithm(key),
  outerAlgorithm: SignatureAlgorithmName = algorithm,
): Buffer {
  const signature = sign(SIGNATURE_ALGORITHMS[algorithm].hash, toBeSigned, key);
  return sequence(toBeSigned, algorithmIdentifier(outerAlgorithm), bitString(signature));
}

/** The DER of the SubjectPublicKeyInfo. */
export function subjectPublicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** A key identifier by RFC 7093 2 (4): a hash of the SubjectPublicKeyInfo, here the first 160 bits of its SHA-256. */
export function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(subjectPublicKeyInfo(key)).digest().subarray(0, 20);
}
