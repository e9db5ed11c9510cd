/**
 * Sealing: authenticated encryption of a JSON value at rest, AES-256-GCM (NIST SP 800-38D) under a key that is derived
 * for one purpose and one record, so that no key ever seals two values with one nonce by chance of reuse.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { ServiceError } from './errors.ts';

const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/**
 * The sealed form: nonce, ciphertext, tag.
 * @param secret at least 32 octets of randomness
 * @param context what the value is and whom it belongs to; `open` must name the same
 */
export function seal(value: unknown, secret: Uint8Array | KeyObject, context: string): Uint8Array {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv('aes-256-gcm', keyFor(secret, context), nonce);
  return Buffer.concat([nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/**
 * The value that was sealed under the same secret and context.
 * @throws ServiceError SEAL_BROKEN when it was altered or sealed otherwise
 */
export function open(sealed: Uint8Array, secret: Uint8Array | KeyObject, context: string): unknown {
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyFor(secret, context), sealed.subarray(0, NONCE_OCTETS), {
      authTagLength: TAG_OCTETS,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_OCTETS));
    const text = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_OCTETS, -TAG_OCTETS)),
      decipher.final(),
    ]).toString('utf8');
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError('SEAL_BROKEN', 'a sealed record does not open', { cause });
  }
}

/** HKDF (RFC 5869) with the context as `info`. */
function keyFor(secret: Uint8Array | KeyObject, context: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `thiqa seal v1\n${context}`, 32)));
}
