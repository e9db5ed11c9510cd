/**
 * The public keys that a portal registers (RFC 7517): complete, of kinds and sizes that are used, and never private.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';

type Jwk = Readonly<Record<string, unknown>>;

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** FAPI 2.0 Security Profile 5.4.1; NIST SP 800-131A. */
const LEAST_RSA_BITS = 2048;
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

export const publicKeySet = z.strictObject({
  keys: z
    .array(
      z
        .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']), kid: z.string().min(1).max(200).optional() })
        .refine((jwk) => !PRIVATE_MEMBERS.some((member) => member in jwk), 'a private key must never be registered')
        .refine(isUsable, 'the key is incomplete, too short, or of no kind that is known')
        .refine(isKeyOfItsCertificate, 'the first certificate of x5c does not carry this key'),
    )
    .min(1)
    .max(10)
    .refine((keys) => {
      const kids = keys.flatMap(({ kid }) => kid ?? []);
      return new Set(kids).size === kids.length;
    }, 'two keys have one kid'),
});

function isUsable(jwk: Jwk): boolean {
  const key = readKey(jwk);
  if (key === undefined) return false;
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= LEAST_RSA_BITS;
    case 'ec':
      return CURVES.includes(namedCurve);
    case 'ed25519':
    case 'x25519':
      return true;
    default:
      return false;
  }
}

/** RFC 7517 4.7: the key in the first certificate must be that of the JWK. */
function isKeyOfItsCertificate(jwk: Jwk): boolean {
  if (jwk.x5c === undefined) return true;
  const [first] = Array.isArray(jwk.x5c) ? jwk.x5c : [];
  const key = readKey(jwk);
  if (typeof first !== 'string' || key === undefined) return false;
  try {
    return new X509Certificate(Buffer.from(first, 'base64')).publicKey.equals(key);
  } catch {
    // Not a certificate.
    return false;
  }
}

function readKey(jwk: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    // Its reason would quote the key.
    return undefined;
  }
}
