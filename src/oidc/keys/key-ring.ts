/**
 * The key ring: every key that signs for the service, with its state, and the mark of the subject key. It stands in the
 * store, so that every process of the service has the same one, and is sealed whole: a copy of the store shows no key,
 * and whoever can write to the store can neither add a key of their own to the JWK set nor bring one back under a process
 * that runs; one that starts has nothing to compare the ring with.
 *
 * The ring has a version. A change is one conditional replacement, so that of two officers, or two processes, one wins.
 */
import type { JWK } from 'jose';
import type { KeyEvent } from '../../audit/event.ts';

/** JWS algorithms of assertions (RFC 7518, RFC 8037). Each has a key of its own; portals that ask for none get the first. */
export const ASSERTION_ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256'] as const;
export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number];
export const DEFAULT_ALGORITHM: AssertionAlgorithm = 'ES256';

/** HMAC-SHA-1: the signatures of the browser's cookies. */
export const COOKIE_ALGORITHM = 'HS1';
export const KEY_ALGORITHMS = [...ASSERTION_ALGORITHMS, COOKIE_ALGORITHM] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/**
 * In this order, none twice. `announced`: made, and shown nowhere. `published`: in the JWK set, so that portals fetch it
 * before they need it. `signing`: one of each algorithm. `retired`: signs no more, and verifies what it signed.
 * `removed`: gone, and remembered by its name.
 */
export const KEY_STATES = ['announced', 'published', 'signing', 'retired', 'removed'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** What a key is made of. */
export interface KeyMaterial {
  /** RFC 7638 thumbprint; of a cookie key, its fingerprint. */
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  /** Of a key for assertions, until it is removed. */
  readonly publicJwk?: JWK;
  /** Of a key for assertions, until it signs no more. */
  readonly privateJwk?: JWK;
  /** Of a key for cookies, until it is removed. */
  readonly cookieKey?: string;
}

export interface RingKey extends KeyMaterial {
  readonly state: KeyState;
  /** When it came to each of its states: ISO 8601. */
  readonly since: Readonly<Partial<Record<KeyState, string>>>;
}

export interface KeyRing {
  readonly keys: readonly RingKey[];
  /** Of the subject key, which is in no store: what a later start compares. */
  readonly subjectKeyFingerprint: string;
  /** Changes that are not in the audit log yet: no process follows them before they are. */
  readonly unrecorded: readonly KeyEvent[];
}

export interface SealedKeyRing {
  /** 1 for the first; raised by one with each change. */
  readonly version: number;
  readonly sealed: Uint8Array;
}

/** Port. A store keeps one ring, cannot read it, and says who won. */
export interface KeyRingStore {
  /** 0 while there is none. Asked every few seconds: cheap. */
  version(): Promise<number>;
  read(): Promise<SealedKeyRing | undefined>;
  /** On disk before it resolves. False, and nothing changes, unless the ring that stands has the version before this one. */
  replace(next: SealedKeyRing): Promise<boolean>;
}

export function useOf(algorithm: KeyAlgorithm): 'assertions' | 'cookies' {
  return algorithm === COOKIE_ALGORITHM ? 'cookies' : 'assertions';
}
