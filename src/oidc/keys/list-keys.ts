/**
 * The key ring for an officer to read: what each key does and when it may do the next, and never a private part.
 */
import { type KeyPolicy, publishedEnoughAt, unneededAt } from './key-life.ts';
import { type KeyAlgorithm, type KeyRing, type KeyState, useOf } from './key-ring.ts';

export interface ListedKey {
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  readonly use: ReturnType<typeof useOf>;
  readonly state: KeyState;
  /** ISO 8601, of each state that it came to. */
  readonly since: Readonly<Partial<Record<KeyState, string>>>;
  /** Of a key that is published: when it may sign. */
  readonly readyAt?: Date;
  /** Of a key that is retired: when the service removes it. */
  readonly removedFrom?: Date;
}

export function listKeys({ keys }: KeyRing, policy: KeyPolicy): readonly ListedKey[] {
  return keys.map((key) => {
    const { kid, algorithm, state, since } = key;
    const readyAt = publishedEnoughAt(key, policy);
    return {
      kid,
      algorithm,
      use: useOf(algorithm),
      state,
      since,
      ...(readyAt && { readyAt }),
      ...(state === 'retired' && { removedFrom: unneededAt(key, policy) }),
    };
  });
}
