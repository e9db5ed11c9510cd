/**
 * The key of a virtual card: opened by the PIN, and used as Web eID prescribes. Nothing of it outlives the signature.
 */

/**
 * The signature of ES256 (RFC 7518 3.4), base64, over SHA-256(origin) || SHA-256(nonce), the nonce as its text.
 * Undefined when the PIN is wrong.
 */
export async function signChallenge(card, pin, origin, nonce) {
  const pkcs8 = await decryptKey(card, pin);
  if (pkcs8 === undefined) return undefined;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const signed = new Uint8Array([...(await hashOf(origin)), ...(await hashOf(nonce))]);
  // WebCrypto gives r || s, as JSON Web Signature has it, and never DER.
  return encodeBase64(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, signed));
}

async function decryptKey({ iterations, salt, iv, key: ciphertext }, pin) {
  const password = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt: decodeBase64(salt), iterations: Number(iterations) },
    password,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  );
  try {
    return await crypto.subtle.decrypt({ name: 'AES-GCM', iv: decodeBase64(iv) }, key, decodeBase64(ciphertext));
  } catch (error) {
    // The tag does not fit: another PIN encrypted it.
    if (error instanceof DOMException && error.name === 'OperationError') return undefined;
    throw error;
  }
}

async function hashOf(text) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function decodeBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function encodeBase64(octets) {
  return btoa(String.fromCharCode(...new Uint8Array(octets)));
}
