/**
 * The private key of a virtual card as it reaches a browser: encrypted under the PIN (PBKDF2 of RFC 8018 with HMAC-SHA-256,
 * then AES-256-GCM), in the form that WebCrypto opens. A PIN of four digits hides nothing from a determined person, and
 * need not: the cards are invented, and only a demonstration accepts them. What it gives is a card that does not sign
 * without its PIN.
 */
import { createCipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** The PIN of every virtual card. */
export const VIRTUAL_CARD_PIN = '1234';

const ITERATIONS = 100_000;

/** Every part but the number in base64. */
export interface EncryptedKey {
  readonly iterations: number;
  readonly salt: string;
  /** Initialization vector of AES-GCM. */
  readonly iv: string;
  /** PKCS #8, encrypted, with the tag of 16 octets at its end. */
  readonly ciphertext: string;
}

/** @param pkcs8 the private key, PKCS #8 DER */
export async function encryptKey(pkcs8: Uint8Array, pin: string): Promise<EncryptedKey> {
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const key = await promisify(pbkdf2)(pin, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final(), cipher.getAuthTag()]);
  return {
    iterations: ITERATIONS,
    salt: salt.toString('base64'),
    iv: iv.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}
