/**
 * The first start, and what every later one must find again.
 *
 * The first start takes over the keys of the keys directory. A later start has the store key that opens the ring and the
 * subject key that the ring remembers, or it is refused: with another subject key every citizen would be a stranger to
 * every portal, silently. Only an officer's explicit command accepts another one.
 */
import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { KeyEvent } from '../../audit/event.ts';
import { ConfigurationError, ServiceError } from '../../errors.ts';
import { cookieKeyMaterial, fingerprintOf, signingKeyMaterial } from '../signing-keys.ts';
import { DEFAULT_ALGORITHM, type KeyMaterial, type KeyRing, type RingKey } from './key-ring.ts';
import type { OpenedRing, SealedRing } from './sealed-ring.ts';

/** Of the keys directory. The first of each signs; the others verify what they signed before. */
export interface FirstKeys {
  readonly signing: readonly (JWK & { readonly kid: string })[];
  readonly cookies: readonly string[];
}

export interface StartingKeys {
  readonly subjectKey: KeyObject;
  /** False where the service has run on its store already: one without a ring is not that store. */
  readonly mayBegin: boolean;
  /** Asked at the first start only. */
  readonly readFirstKeys: () => FirstKeys;
  readonly at: Date;
}

/**
 * @throws ConfigurationError STORE_KEY_CHANGED, SUBJECT_KEY_CHANGED, and what `readFirstKeys` throws;
 *   ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
 */
export async function openFirstRing(ring: SealedRing, starting: StartingKeys): Promise<OpenedRing> {
  if (!starting.mayBegin && (await ring.version()) === 0) {
    throw new ServiceError('STORE_UNAVAILABLE', 'the store that the service began with is gone: this one is new');
  }
  const fingerprint = fingerprintOf(starting.subjectKey);
  const opened = await ring.begin(() => firstRing(starting.readFirstKeys(), fingerprint, starting.at));
  requireSubjectKey(opened.ring, starting.subjectKey);
  return opened;
}

/** @throws ConfigurationError SUBJECT_KEY_CHANGED */
export function requireSubjectKey({ subjectKeyFingerprint }: KeyRing, subjectKey: KeyObject): void {
  if (subjectKeyFingerprint !== fingerprintOf(subjectKey)) throw subjectKeyChanged();
}

export interface SubjectKeys {
  readonly recorded: string;
  readonly present: string;
}

/**
 * From now on the service starts with the present subject key, and with it alone.
 * @param confirmed the fingerprint of the present key, as the officer repeats it
 * @throws ConfigurationError SUBJECT_KEY_CHANGED with `detail` SubjectKeys, when it is not confirmed; KEY_NOT_FOUND,
 *   KEY_CHANGED, STORE_KEY_CHANGED; ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
 */
export async function acceptSubjectKey(
  ring: SealedRing,
  subjectKey: KeyObject,
  confirmed: string | undefined,
): Promise<SubjectKeys & { readonly changed: boolean }> {
  const present = fingerprintOf(subjectKey);
  let recorded = present;
  const opened = await ring.read();
  if (opened?.ring.subjectKeyFingerprint === present) return { recorded, present, changed: false };
  await ring.change((before) => {
    recorded = before.subjectKeyFingerprint;
    if (confirmed !== present) throw subjectKeyChanged({ recorded, present });
    const event: KeyEvent = { type: 'subject-key.accepted', fingerprint: present };
    return { ...before, subjectKeyFingerprint: present, unrecorded: [...before.unrecorded, event] };
  });
  return { recorded, present, changed: true };
}

function subjectKeyChanged(detail?: SubjectKeys): ConfigurationError {
  return new ConfigurationError(
    'SUBJECT_KEY_CHANGED',
    'the subject key is not the one that this store was filled with: put the right subject.key back',
    detail && { detail: { ...detail } },
  );
}

function firstRing({ signing, cookies }: FirstKeys, subjectKeyFingerprint: string, at: Date): KeyRing {
  const keys = [
    ...signing.map((jwk, index) => imported(signingKeyMaterial(jwk, jwk.kid, DEFAULT_ALGORITHM), index === 0, at)),
    ...cookies.map((text, index) => imported(cookieKeyMaterial(text), index === 0, at)),
  ];
  return {
    keys,
    subjectKeyFingerprint,
    unrecorded: [
      ...keys.map(({ kid, algorithm, state }): KeyEvent => ({ type: 'key.imported', kid, algorithm, state })),
      { type: 'subject-key.recorded', fingerprint: subjectKeyFingerprint },
    ],
  };
}

function imported(
  { privateJwk, ...material }: KeyMaterial,
  isFirst: boolean,
  at: Date,
): RingKey & { readonly state: 'signing' | 'retired' } {
  const time = at.toISOString();
  if (isFirst) return { ...material, ...(privateJwk && { privateJwk }), state: 'signing', since: { signing: time } };
  // It may have signed until a moment ago.
  return { ...material, state: 'retired', since: { signing: time, retired: time } };
}
