/**
 * The life of a key, as rules over the ring: announced, published, signing, retired, removed. Time is an argument, and
 * each rule gives a new ring or one coded refusal.
 *
 * Two waits make a rotation harmless. A key signs only after it has stood in the JWK set as long as a portal may keep a
 * set, and it leaves the set only after the last token that it signed has expired.
 */
import type { KeyEvent } from '../../audit/event.ts';
import { ConfigurationError } from '../../errors.ts';
import {
  COOKIE_ALGORITHM,
  DEFAULT_ALGORITHM,
  KEY_ALGORITHMS,
  type KeyAlgorithm,
  type KeyMaterial,
  type KeyRing,
  type KeyState,
  type RingKey,
} from './key-ring.ts';

/** Seconds, for one kind of key. */
export interface KeyWaits {
  /** From the JWK set to the first signature. */
  readonly publishSeconds: number;
  /** From the last signature to the end of what it signed, and of every copy of the key set. */
  readonly retiredSeconds: number;
}

export interface KeyPolicy {
  readonly assertions: KeyWaits;
  readonly cookies: KeyWaits;
  /** How long a key signs before the service changes it by itself; never, unless told. */
  readonly rotateAfterDays?: number | undefined;
}

export interface Asking {
  /** On whose account: of an officer's command, or of the service itself. */
  readonly by: 'officer' | 'service';
  readonly at: Date;
}

const DAY_MS = 86_400_000;

/** @throws ConfigurationError KEY_PENDING: the algorithm has a next key already */
export function announceKey(ring: KeyRing, material: KeyMaterial, asking: Asking): KeyRing {
  if (pendingKey(ring, material.algorithm) !== undefined) {
    throw new ConfigurationError('KEY_PENDING', `${material.algorithm} has a next key already`);
  }
  const key: RingKey = { ...material, state: 'announced', since: { announced: asking.at.toISOString() } };
  const event: KeyEvent = { type: 'key.announced', kid: key.kid, algorithm: key.algorithm, by: asking.by };
  return { ...ring, keys: [...ring.keys, key], unrecorded: [...ring.unrecorded, event] };
}

/** A running service shows the key from now on. @throws ConfigurationError KEY_NOT_FOUND, KEY_STATE_REFUSED */
export function publishKey(ring: KeyRing, kid: string, asking: Asking): KeyRing {
  return moveKey(ring, requireKey(ring, kid, ['announced']), 'published', asking);
}

/**
 * The key signs from now on, and the one that signed is retired.
 * @param early although it has not stood in the JWK set for long enough: a portal that kept the set refuses its tokens
 * @throws ConfigurationError KEY_NOT_FOUND, KEY_STATE_REFUSED; KEY_TOO_EARLY with `detail.readyAt` when that is known
 */
export function activateKey(
  ring: KeyRing,
  kid: string,
  asking: Asking,
  { policy, early = false }: { readonly policy: KeyPolicy; readonly early?: boolean },
): KeyRing {
  const key = requireKey(ring, kid, ['announced', 'published']);
  const readyAt = publishedEnoughAt(key, policy);
  const isReady = readyAt !== undefined && readyAt <= asking.at;
  if (!isReady && !early) {
    throw new ConfigurationError('KEY_TOO_EARLY', 'the key has not stood in the JWK set for long enough', {
      detail: readyAt === undefined ? {} : { readyAt: readyAt.toISOString() },
    });
  }
  const former = signingKey(ring, key.algorithm);
  const retired = former === undefined ? ring : moveKey(ring, former, 'retired', asking);
  return moveKey(retired, key, 'signing', asking, !isReady);
}

/**
 * The key is withdrawn before it signed, or signs no more.
 * @param last although no other key signs for its algorithm: portals that registered it are refused from now on
 * @throws ConfigurationError KEY_NOT_FOUND, KEY_STATE_REFUSED; KEY_NEEDED: it signs, and nothing is there in its place
 */
export function retireKey(ring: KeyRing, kid: string, asking: Asking, { last = false } = {}): KeyRing {
  const key = requireKey(ring, kid, ['announced', 'published', 'signing']);
  const mayEnd = last && key.algorithm !== DEFAULT_ALGORITHM && key.algorithm !== COOKIE_ALGORITHM;
  if (key.state === 'signing' && !mayEnd) {
    throw new ConfigurationError('KEY_NEEDED', 'the key signs: activate the next one, which retires it');
  }
  return moveKey(ring, key, 'retired', asking);
}

/**
 * The key leaves the JWK set.
 * @param early although tokens that it signed may not have expired: they verify no more
 * @throws ConfigurationError KEY_NOT_FOUND, KEY_STATE_REFUSED; KEY_TOO_EARLY with `detail.readyAt`
 */
export function removeKey(
  ring: KeyRing,
  kid: string,
  asking: Asking,
  { policy, early = false }: { readonly policy: KeyPolicy; readonly early?: boolean },
): KeyRing {
  const key = requireKey(ring, kid, ['retired']);
  const readyAt = unneededAt(key, policy);
  const isReady = readyAt <= asking.at;
  if (!isReady && !early) {
    throw new ConfigurationError('KEY_TOO_EARLY', 'tokens that the key signed have not all expired', {
      detail: { readyAt: readyAt.toISOString() },
    });
  }
  return moveKey(ring, key, 'removed', asking, !isReady);
}

/** What a running service has to do by itself at a time. */
export type DueStep =
  | { readonly step: 'publish' | 'activate' | 'remove'; readonly kid: string }
  | { readonly step: 'announce'; readonly algorithm: KeyAlgorithm };

export function dueSteps(ring: KeyRing, policy: KeyPolicy, at: Date): readonly DueStep[] {
  const announced = ring.keys.filter(({ state }) => state === 'announced');
  const unneeded = ring.keys.filter((key) => key.state === 'retired' && unneededAt(key, policy) <= at);
  return [
    ...announced.map(({ kid }): DueStep => ({ step: 'publish', kid })),
    ...unneeded.map(({ kid }): DueStep => ({ step: 'remove', kid })),
    ...KEY_ALGORITHMS.flatMap((algorithm) => dueRotation(ring, algorithm, policy, at)),
  ];
}

/** The next key is announced as long before the change as it must be published. */
function dueRotation(ring: KeyRing, algorithm: KeyAlgorithm, policy: KeyPolicy, at: Date): DueStep[] {
  const signing = signingKey(ring, algorithm);
  if (policy.rotateAfterDays === undefined || signing === undefined) return [];
  const changeAt = timeOf(signing, 'signing') + policy.rotateAfterDays * DAY_MS;
  const pending = pendingKey(ring, algorithm);
  if (pending === undefined) {
    const announceAt = changeAt - waitsOf(algorithm, policy).publishSeconds * 1000;
    return announceAt <= at.getTime() ? [{ step: 'announce', algorithm }] : [];
  }
  const readyAt = publishedEnoughAt(pending, policy);
  const isDue = changeAt <= at.getTime() && readyAt !== undefined && readyAt <= at;
  return isDue ? [{ step: 'activate', kid: pending.kid }] : [];
}

export function signingKey(ring: KeyRing, algorithm: KeyAlgorithm): RingKey | undefined {
  return ring.keys.find((key) => key.algorithm === algorithm && key.state === 'signing');
}

/** The key that is to sign next. */
export function pendingKey(ring: KeyRing, algorithm: KeyAlgorithm): RingKey | undefined {
  return ring.keys.find(
    (key) => key.algorithm === algorithm && (key.state === 'announced' || key.state === 'published'),
  );
}

/** When the key may sign; undefined while no running service has shown it. */
export function publishedEnoughAt(key: RingKey, policy: KeyPolicy): Date | undefined {
  if (key.state !== 'published') return undefined;
  return new Date(timeOf(key, 'published') + waitsOf(key.algorithm, policy).publishSeconds * 1000);
}

/** When nothing that a retired key signed can be presented any more: at once, when it never signed. */
export function unneededAt(key: RingKey, policy: KeyPolicy): Date {
  const wait = key.since.signing === undefined ? 0 : waitsOf(key.algorithm, policy).retiredSeconds;
  return new Date(timeOf(key, 'retired') + wait * 1000);
}

function waitsOf(algorithm: KeyAlgorithm, policy: KeyPolicy): KeyWaits {
  return algorithm === COOKIE_ALGORITHM ? policy.cookies : policy.assertions;
}

function timeOf({ since }: RingKey, state: KeyState): number {
  const time = since[state];
  if (time === undefined) throw new TypeError(`a key that is ${state} has the time of it`);
  return Date.parse(time);
}

function requireKey(ring: KeyRing, kid: string, states: readonly KeyState[]): RingKey {
  const key = ring.keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) throw new ConfigurationError('KEY_NOT_FOUND', 'the key ring has no key with this kid');
  if (!states.includes(key.state)) {
    throw new ConfigurationError('KEY_STATE_REFUSED', `the key is ${key.state}, not ${states.join(' or ')}`, {
      detail: { state: key.state },
    });
  }
  return key;
}

const EVENTS = {
  published: 'key.published',
  signing: 'key.activated',
  retired: 'key.retired',
  removed: 'key.removed',
} as const;

function moveKey(ring: KeyRing, key: RingKey, state: keyof typeof EVENTS, { at, by }: Asking, early = false): KeyRing {
  const moved = without(state, { ...key, state, since: { ...key.since, [state]: at.toISOString() } });
  const event: KeyEvent = {
    type: EVENTS[state],
    kid: key.kid,
    algorithm: key.algorithm,
    by,
    ...(early && { early: true as const }),
  };
  return {
    ...ring,
    keys: ring.keys.map((other) => (other.kid === key.kid ? moved : other)),
    unrecorded: [...ring.unrecorded, event],
  };
}

/** What a state needs no more is not kept: a key that is retired can sign nothing, whoever has it. */
function without(state: KeyState, { privateJwk, publicJwk, cookieKey, ...key }: RingKey): RingKey {
  if (state === 'removed') return key;
  return {
    ...key,
    ...(publicJwk && { publicJwk }),
    ...(cookieKey !== undefined && { cookieKey }),
    ...(privateJwk && state !== 'retired' && { privateJwk }),
  };
}
