/**
 * The ring as oidc-provider takes it: a JWK set in which one key of each algorithm can sign, and the others can only
 * verify, whatever is asked of them. oidc-provider signs with the first key that fits, so the signing ones come first.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { ExternalSigningKey, type JWKS } from 'oidc-provider';
import { ASSERTION_ALGORITHMS, type AssertionAlgorithm, type KeyRing, type RingKey } from './key-ring.ts';

export function providerKeys({ keys }: Pick<KeyRing, 'keys'>): JWKS {
  const ofAssertions = ASSERTION_ALGORITHMS.flatMap((algorithm) => keys.filter((key) => key.algorithm === algorithm));
  const signing = ofAssertions.filter(({ state }) => state === 'signing');
  const verifying = ofAssertions.filter(({ state }) => state === 'published' || state === 'retired');
  return { keys: [...signing.map(signingJwk), ...verifying.map((key) => new VerifyingKey(key))] };
}

/** What portals may ask for: the algorithms that a key signs for, the default first. */
export function signingAlgorithms({ keys }: Pick<KeyRing, 'keys'>): readonly AssertionAlgorithm[] {
  const signing = keys.filter(({ state }) => state === 'signing');
  return ASSERTION_ALGORITHMS.filter((algorithm) => signing.some((key) => key.algorithm === algorithm));
}

/** The texts that verify cookies, the one that signs first. */
export function cookieKeys({ keys }: Pick<KeyRing, 'keys'>): readonly string[] {
  const signing = keys.filter(({ state }) => state === 'signing');
  const verifying = keys.filter(({ state }) => state === 'published' || state === 'retired');
  return [...signing, ...verifying].flatMap(({ cookieKey }) => (cookieKey === undefined ? [] : [cookieKey]));
}

function signingJwk({ kid, algorithm, privateJwk }: RingKey): JWKS['keys'][number] {
  if (privateJwk === undefined) throw new TypeError('a key that signs has its private part');
  // The same JWK under another library's name.
  return { ...privateJwk, kid, alg: algorithm, use: 'sig' } as JWKS['keys'][number];
}

class VerifyingKey extends ExternalSigningKey {
  readonly #key: RingKey;
  readonly #publicKey: KeyObject;

  constructor(key: RingKey) {
    super();
    const { publicJwk } = key;
    if (publicJwk === undefined) throw new TypeError('a key that is published has its public part');
    this.#key = key;
    this.#publicKey = createPublicKey({ key: publicMembers(publicJwk), format: 'jwk' });
  }

  override get kid(): string {
    return this.#key.kid;
  }

  override get alg(): string {
    return this.#key.algorithm;
  }

  override keyObject(): KeyObject {
    return this.#publicKey;
  }

  override sign(): never {
    throw new TypeError('a key that is published or retired does not sign');
  }
}

function publicMembers({ kty, crv, x, y, n, e }: JWK): Record<string, string> {
  const members = Object.entries({ kty, crv, x, y, n, e });
  return Object.fromEntries(members.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
