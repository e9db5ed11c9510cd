/**
 * Which keys and signature algorithms count. `default` is for cards in use; `legacy` also admits what old states and old
 * test suites carry, and never MD5. An algorithm that is not named here is refused (RFC 4055, RFC 5758, RFC 8410).
 */
import { CertificateError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { DerCursor, DerError, enterWhole, TAG } from './der.ts';
import type { NamedCurve } from './elliptic-curve.ts';
import type { KeyDescription } from './public-key.ts';

export type AlgorithmPolicy = 'default' | 'legacy';

export type Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

export type SignatureScheme =
  | { readonly scheme: 'rsa-pkcs1'; readonly hash: Hash }
  | { readonly scheme: 'rsa-pss'; readonly hash: Hash; readonly saltLength: number }
  | { readonly scheme: 'ecdsa'; readonly hash: Hash }
  | { readonly scheme: 'ed25519' | 'ed448' };

const SMALLEST_MODULUS_BITS = { default: 2048, legacy: 1024 } as const;
/** Larger ones only keep the verifier busy. */
const LARGEST_MODULUS_BITS = 16_384;
const LEGACY_CURVES: ReadonlySet<NamedCurve> = new Set(['P-224', 'brainpoolP224r1']);
const LEGACY_HASHES: ReadonlySet<Hash> = new Set(['sha1', 'sha224']);

/** Why `key` may not be relied on under `policy`; undefined when it may. */
export function weaknessOfKey(key: KeyDescription, policy: AlgorithmPolicy): string | undefined {
  if (key.type === 'rsa') {
    if (key.modulusBits < SMALLEST_MODULUS_BITS[policy]) return `RSA modulus of ${key.modulusBits} bits`;
    if (key.modulusBits > LARGEST_MODULUS_BITS) return `RSA modulus of ${key.modulusBits} bits`;
  }
  if (key.type === 'ec' && policy === 'default' && LEGACY_CURVES.has(key.curve)) return `curve ${key.curve}`;
  return undefined;
}

/** What `algorithm` means. @throws CertificateError CERT_ALGORITHM_REFUSED when it is unknown, or weaker than `policy` accepts */
export function signatureScheme(algorithm: AlgorithmIdentifier, policy: AlgorithmPolicy): SignatureScheme {
  let scheme: SignatureScheme | undefined;
  try {
    scheme = readScheme(algorithm);
  } catch (cause) {
    if (cause instanceof DerError)
      throw refusal('parameters of the signature algorithm are malformed', algorithm, cause);
    throw cause;
  }
  if (!scheme) throw refusal('signature algorithm is not supported', algorithm);
  if ('hash' in scheme && policy === 'default' && LEGACY_HASHES.has(scheme.hash)) {
    throw refusal(`signature algorithm is too weak: ${scheme.hash}`, algorithm);
  }
  return scheme;
}

const RSA_PKCS1: Readonly<Record<string, Hash>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.3.14.3.2.29': 'sha1',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
const RSASSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const ECDSA: Readonly<Record<string, Hash>> = {
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const ED25519 = '1.3.101.112';
const ED448 = '1.3.101.113';
/** Of RSASSA-PSS. Without its own name SHA-1 is meant (RFC 4055 3.1), which is not supported there. */
const PSS_HASHES: Readonly<Record<string, { readonly hash: Hash; readonly octets: number }>> = {
  '2.16.840.1.101.3.4.2.1': { hash: 'sha256', octets: 32 },
  '2.16.840.1.101.3.4.2.2': { hash: 'sha384', octets: 48 },
  '2.16.840.1.101.3.4.2.3': { hash: 'sha512', octets: 64 },
};

function readScheme({ oid, parameters }: AlgorithmIdentifier): SignatureScheme | undefined {
  const pkcs1 = RSA_PKCS1[oid];
  if (pkcs1) {
    // RFC 4055 5: NULL, and absent MUST be accepted as well.
    if (parameters) requireNull(parameters);
    return { scheme: 'rsa-pkcs1', hash: pkcs1 };
  }
  if (oid === RSASSA_PSS) return parameters ? readPssParameters(parameters) : undefined;
  const ecdsa = ECDSA[oid];
  if (ecdsa) {
    // RFC 5758 3.2: absent. The CA of the Finnish identity cards writes NULL, which says no more than absence does.
    if (parameters) requireNull(parameters);
    return { scheme: 'ecdsa', hash: ecdsa };
  }
  // RFC 8410 3: absent.
  if (parameters) return undefined;
  if (oid === ED25519) return { scheme: 'ed25519' };
  if (oid === ED448) return { scheme: 'ed448' };
  return undefined;
}

/**
 * RSASSA-PSS-params (RFC 4055 3.1): one hash for the message and the mask, and a salt as long as the hash, which is what
 * 3.1 recommends and what everybody issues.
 */
function readPssParameters(der: Uint8Array): SignatureScheme | undefined {
  const fields = enterWhole(der);
  const hashField = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  const maskField = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 1);
  const saltField = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 2);
  // The trailer has one value, its default, which DER leaves out.
  fields.expectEnd();
  if (!hashField || !maskField || !saltField) return undefined;
  const hash = readPssHash(hashField);
  hashField.expectEnd();
  const mask = readAlgorithmIdentifier(maskField);
  maskField.expectEnd();
  if (mask.oid !== MGF1 || !mask.parameters) return undefined;
  const maskHash = readPssHash(new DerCursor(mask.parameters));
  const saltLength = saltField.smallInteger(0xffff);
  saltField.expectEnd();
  if (!hash || hash !== maskHash || saltLength !== hash.octets) return undefined;
  return { scheme: 'rsa-pss', hash: hash.hash, saltLength };
}

function readPssHash(cursor: DerCursor): (typeof PSS_HASHES)[string] | undefined {
  const { oid, parameters } = readAlgorithmIdentifier(cursor);
  // RFC 4055 2.1: absent or NULL, with the same meaning.
  if (parameters) requireNull(parameters);
  return PSS_HASHES[oid];
}

function requireNull(parameters: Uint8Array): void {
  new DerCursor(parameters).null();
}

function refusal(message: string, { oid }: AlgorithmIdentifier, cause?: unknown): CertificateError {
  return new CertificateError('CERT_ALGORITHM_REFUSED', message, {
    detail: { clause: '6.1.3 (a)(1)', algorithm: oid },
    cause,
  });
}
