/**
 * The signatures of the browser's cookies, as the library `cookies` asks for them: HMAC over `name=value`, in the form of
 * Keygrip (HMAC-SHA-1, base64url without padding), so that cookies of either verify. Keys are made once, not from text at
 * each cookie. They may change while the service runs: an application and its provider share one object.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

export class CookieSignatures {
  #keys: readonly KeyObject[];

  /** @param keys the first signs, all verify */
  constructor(keys: readonly string[]) {
    this.#keys = secretKeys(keys);
  }

  /** From now on these. */
  use(keys: readonly string[]): void {
    this.#keys = secretKeys(keys);
  }

  sign(text: string): string {
    const [newest] = this.#keys;
    if (newest === undefined) throw new TypeError('cookies need a key');
    return signature(text, newest);
  }

  verify(text: string, signed: string): boolean {
    return this.index(text, signed) > -1;
  }

  /** Which key made the signature; -1 for none. */
  index(text: string, signed: string): number {
    return this.#keys.findIndex((key) => isEqual(signature(text, key), signed));
  }
}

function secretKeys(keys: readonly string[]): readonly KeyObject[] {
  if (keys.length === 0) throw new TypeError('cookies need a key');
  return keys.map((key) => createSecretKey(key, 'utf8'));
}

function signature(text: string, key: KeyObject): string {
  return createHmac('sha1', key).update(text).digest('base64url');
}

/** The length of a signature is no secret. */
function isEqual(expected: string, signed: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(signed)];
  return one.length === other.length && timingSafeEqual(one, other);
}
