/**
 * SubjectPublicKeyInfo (RFC 5280 4.1.2.7): the key, and what the algorithm policy has to know of it. The octets are read
 * here, strictly, before they reach the cryptographic library, which reads more than DER (RFC 3279 2.3, RFC 5480 2, RFC 8410 4).
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { CertificateError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { DerCursor, DerError, enterWhole, TAG } from './der.ts';
import {
  checkPointForm,
  curveOfExplicitParameters,
  curveOfOid,
  type NamedCurve,
  namedCurveKey,
} from './elliptic-curve.ts';

/** What is known of a key whose encoding is in order. */
export type KeyDescription =
  | { readonly type: 'rsa'; readonly modulusBits: number }
  | { readonly type: 'ec'; readonly curve: NamedCurve }
  | { readonly type: 'ed25519' | 'ed448' };

export interface PublicKey {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** SHA-256 of `spki`, hexadecimal: what a trust anchor is pinned to. */
  readonly keySha256: string;
  readonly algorithm: AlgorithmIdentifier;
  /** The octets of the BIT STRING: what key identifiers and OCSP hash. */
  readonly subjectPublicKey: Uint8Array;
  /** @throws CertificateError CERT_ALGORITHM_REFUSED when the key is of no supported kind, or not a key at all */
  readonly description: KeyDescription;
  /** Made when first asked for, and kept. @throws CertificateError CERT_ALGORITHM_REFUSED */
  readonly keyObject: KeyObject;
}

/** Reads the next element, which is a SubjectPublicKeyInfo. The key itself is read when it is first used. @throws DerError */
export function readPublicKey(cursor: DerCursor): PublicKey {
  const fields = cursor.sequence();
  const spki = cursor.element;
  const algorithm = readAlgorithmIdentifier(fields);
  const { bytes, unusedBits } = fields.bitString();
  if (unusedBits !== 0) throw new DerError('public key does not fill whole octets', fields.contentStart);
  fields.expectEnd();
  return new ParsedPublicKey(spki, algorithm, bytes);
}

class ParsedPublicKey implements PublicKey {
  readonly spki: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  readonly subjectPublicKey: Uint8Array;
  #keySha256: string | undefined;
  #description: KeyDescription | undefined;
  #keyObject: KeyObject | undefined;

  constructor(spki: Uint8Array, algorithm: AlgorithmIdentifier, subjectPublicKey: Uint8Array) {
    this.spki = spki;
    this.algorithm = algorithm;
    this.subjectPublicKey = subjectPublicKey;
    Object.freeze(this);
  }

  get keySha256(): string {
    this.#keySha256 ??= createHash('sha256').update(this.spki).digest('hex');
    return this.#keySha256;
  }

  get description(): KeyDescription {
    this.#description ??= refusingUnreadable(() => describe(this.algorithm, this.subjectPublicKey));
    return this.#description;
  }

  get keyObject(): KeyObject {
    this.#keyObject ??= importKey(this);
    return this.#keyObject;
  }
}

/** The kinds of key by their algorithm identifiers. */
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
const ED448 = '1.3.101.113';
/** Known and refused by name: too weak, out of use, or not for signatures. */
const REFUSED: Readonly<Record<string, string>> = {
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.113549.1.1.7': 'RSAES-OAEP',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS bound to the key',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.132.1.12': 'ECDH',
  '1.3.132.1.13': 'ECMQV',
};

function describe(algorithm: AlgorithmIdentifier, key: Uint8Array): KeyDescription {
  switch (algorithm.oid) {
    case RSA_ENCRYPTION: {
      // RFC 3279 2.3.1: the parameters MUST be NULL.
      if (!algorithm.parameters) throw new DerError('parameters of an RSA key are absent', 0);
      const parameters = new DerCursor(algorithm.parameters);
      parameters.null();
      return { type: 'rsa', modulusBits: readModulusBits(key) };
    }
    case EC_PUBLIC_KEY: {
      if (!algorithm.parameters) throw new DerError('parameters of an EC key are absent', 0);
      const parameters = new DerCursor(algorithm.parameters);
      const curve =
        parameters.nextTag === TAG.OBJECT_IDENTIFIER
          ? curveOfOid(parameters.objectIdentifier())
          : curveOfExplicitParameters(algorithm.parameters);
      if (!curve) throw refusal('elliptic curve is not supported');
      checkPointForm(key);
      return { type: 'ec', curve };
    }
    case ED25519:
    case ED448: {
      // RFC 8410 3: the parameters MUST be absent.
      if (algorithm.parameters) throw new DerError('parameters of an Edwards curve key', 0);
      return { type: algorithm.oid === ED25519 ? 'ed25519' : 'ed448' };
    }
    default:
      throw refusal(`key algorithm is not supported: ${REFUSED[algorithm.oid] ?? 'unknown'}`);
  }
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1) */
function readModulusBits(key: Uint8Array): number {
  const fields = enterWhole(key);
  const modulus = fields.integer();
  const exponent = fields.integer();
  fields.expectEnd();
  const negative = (modulus[0] ?? 0x80) >= 0x80 || (exponent[0] ?? 0x80) >= 0x80;
  const even = ((modulus.at(-1) ?? 0) & 1) === 0 || ((exponent.at(-1) ?? 0) & 1) === 0;
  // RFC 8017 3.1: the exponent is at least 3; far longer ones only serve to keep the verifier busy.
  if (negative || even || (exponent.length === 1 && exponent[0] === 1) || exponent.length > 8) {
    throw new DerError('not an RSA key', 0);
  }
  const significant = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  return significant.length * 8 - Math.clz32(significant[0] ?? 0) + 24;
}

function importKey(publicKey: PublicKey): KeyObject {
  const { description } = publicKey;
  // A curve given by its parameters was found to be a known one: the library is told its name instead.
  const explicit = description.type === 'ec' && publicKey.algorithm.parameters?.[0] !== TAG.OBJECT_IDENTIFIER;
  const spki = explicit ? namedCurveKey(description.curve, publicKey.subjectPublicKey) : publicKey.spki;
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw refusal('the public key is not a key of its kind', cause);
  }
}

function refusingUnreadable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DerError) throw refusal('the public key is not well-formed', cause);
    throw cause;
  }
}

function refusal(message: string, cause?: unknown): CertificateError {
  return new CertificateError('CERT_ALGORITHM_REFUSED', message, { detail: { clause: '6.1.4 (d)' }, cause });
}
