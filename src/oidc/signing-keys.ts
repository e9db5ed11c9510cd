/**
 * The keys themselves: private JWKs (RFC 7517) of several algorithms for assertions, and random text for cookies. The key
 * identifier of a JWK is its thumbprint (RFC 7638), so it cannot collide and says nothing.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose';
import {
  type AssertionAlgorithm,
  COOKIE_ALGORITHM,
  DEFAULT_ALGORITHM,
  type KeyAlgorithm,
  type KeyMaterial,
} from './keys/key-ring.ts';

const RSA_BITS = 3072;
const COOKIE_KEY_OCTETS = 32;
const PRIVATE_MEMBERS: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

/** The first signing key, as the keys directory holds it. */
export async function generateSigningKeys(): Promise<JSONWebKeySet> {
  return { keys: [await drawNamed(() => generateJwk(DEFAULT_ALGORITHM))] };
}

/** A new key. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyMaterial> {
  if (algorithm === COOKIE_ALGORITHM) return drawNamed(async () => cookieKeyMaterial(generateCookieKey()));
  const jwk = await drawNamed(() => generateJwk(algorithm));
  return signingKeyMaterial(jwk, jwk.kid, algorithm);
}

export function signingKeyMaterial(privateJwk: JWK, kid: string, algorithm: AssertionAlgorithm): KeyMaterial {
  return { kid, algorithm, publicJwk: { ...publicPart(privateJwk), kid, alg: algorithm, use: 'sig' }, privateJwk };
}

export function cookieKeyMaterial(cookieKey: string): KeyMaterial {
  return { kid: fingerprintOf(createSecretKey(cookieKey, 'utf8')), algorithm: COOKIE_ALGORITHM, cookieKey };
}

export function generateCookieKey(): string {
  return randomBytes(COOKIE_KEY_OCTETS).toString('base64url');
}

/** Tells two secret keys apart and says nothing of either. @returns 43 characters, base64url */
export function fingerprintOf(key: KeyObject): string {
  return createHmac('sha256', key).update('thiqa key fingerprint v1').digest('base64url');
}

/** Draws again, once in 64 times, when the name would look like an option to a command that is given it. */
export async function drawNamed<Key extends { readonly kid: string }>(draw: () => Promise<Key>): Promise<Key> {
  const key = await draw();
  return key.kid.startsWith('-') ? drawNamed(draw) : key;
}

async function generateJwk(algorithm: AssertionAlgorithm): Promise<JWK & { readonly kid: string }> {
  const { privateKey } = await generateKeyPair(algorithm, {
    extractable: true,
    ...((algorithm === 'PS256' || algorithm === 'RS256') && { modulusLength: RSA_BITS }),
  });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: 'sig' };
}

function publicPart(jwk: JWK): JWK {
  return Object.fromEntries(Object.entries(jwk).filter(([member]) => !PRIVATE_MEMBERS.includes(member)));
}
