/**
 * The key ring as the domain uses it: opened, changed by one rule at a time, and recorded.
 *
 * A change is replaced into the store together with its audit events as `unrecorded`; then they are appended; then they
 * are cleared. Whoever reads the ring in between finishes that first. So no change takes effect without its record, no
 * record tells of a change that lost, and a process that dies between two steps leaves a state that goes on; a record
 * that stands twice is of one change, because a key comes to each state once.
 */
import type { KeyObject } from 'node:crypto';
import type { AuditLog } from '../../audit/audit-log.ts';
import { ConfigurationError, ServiceError } from '../../errors.ts';
import { open, seal } from '../../sealing.ts';
import type { KeyRing, KeyRingStore } from './key-ring.ts';

export interface SealedRingParts {
  readonly store: KeyRingStore;
  /** Seals the ring; it is in no store. */
  readonly storeKey: KeyObject;
  readonly audit: AuditLog;
}

export interface OpenedRing {
  readonly version: number;
  readonly ring: KeyRing;
}

export class SealedRing {
  readonly #parts: SealedRingParts;

  constructor(parts: SealedRingParts) {
    this.#parts = parts;
  }

  /** @throws ServiceError STORE_UNAVAILABLE */
  version(): Promise<number> {
    return this.#parts.store.version();
  }

  /**
   * The ring, with every change of it on record; undefined before the first.
   * @throws ConfigurationError STORE_KEY_CHANGED; ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
   */
  async read(): Promise<OpenedRing | undefined> {
    for (;;) {
      const opened = await this.#open();
      if (opened === undefined || opened.ring.unrecorded.length === 0) return opened;
      const { version, ring } = opened;
      for (const event of ring.unrecorded) await this.#parts.audit.append(event);
      // If another process was first, the ring is read again: it has cleared them, or changed the ring once more.
      await this.#replace({ version: version + 1, ring: { ...ring, unrecorded: [] } });
    }
  }

  /**
   * One change, made and recorded.
   * @throws what `rule` throws; ConfigurationError KEY_CHANGED when somebody else was first, STORE_KEY_CHANGED;
   *   ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
   */
  async change(rule: (ring: KeyRing) => KeyRing | Promise<KeyRing>): Promise<OpenedRing> {
    const opened = await this.read();
    if (opened === undefined) throw withoutKeys();
    const ring = await rule(opened.ring);
    if (!(await this.#replace({ version: opened.version + 1, ring }))) throw changed();
    return this.#required();
  }

  /**
   * Seals the ring with the store key of `next`, recorded. Whoever has the former key alone opens it no more: a process
   * that runs with it goes on with the keys that it had. False where `next` opens it already.
   * @throws ConfigurationError KEY_CHANGED when somebody else was first, KEY_NOT_FOUND, STORE_KEY_CHANGED where neither
   *   key opens it; ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
   */
  async reseal(next: SealedRing): Promise<boolean> {
    let opened: OpenedRing | undefined;
    try {
      opened = await this.read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      await next.#required(); // a reseal that broke off after the change is recorded now
      return false;
    }
    if (opened === undefined) throw withoutKeys();
    const { version, ring } = opened;
    const resealed = { ...ring, unrecorded: [{ type: 'store-key.changed' }] } as const;
    if (!(await next.#replace({ version: version + 1, ring: resealed }))) throw changed();
    await next.#required();
    return true;
  }

  /** The ring of the first start. Of processes that start together, one makes it, and all go on with that one. */
  async begin(first: () => KeyRing): Promise<OpenedRing> {
    if ((await this.version()) === 0) await this.#replace({ version: 1, ring: first() });
    return this.#required();
  }

  async #required(): Promise<OpenedRing> {
    const opened = await this.read();
    if (opened === undefined) throw new ServiceError('STORE_UNAVAILABLE', 'the key ring is gone');
    return opened;
  }

  async #open(): Promise<OpenedRing | undefined> {
    const stored = await this.#parts.store.read();
    if (stored === undefined) return undefined;
    const { version, sealed } = stored;
    try {
      // The value is our own: written below, authenticated by the seal.
      return { version, ring: open(sealed, this.#parts.storeKey, contextOf(version)) as KeyRing };
    } catch (cause) {
      throw new ConfigurationError(
        'STORE_KEY_CHANGED',
        'the key ring of the store does not open: it was altered, or sealed with another store key',
        { cause },
      );
    }
  }

  #replace({ version, ring }: OpenedRing): Promise<boolean> {
    return this.#parts.store.replace({ version, sealed: seal(ring, this.#parts.storeKey, contextOf(version)) });
  }
}

/** An older ring does not pass for a newer one. */
function contextOf(version: number): string {
  return `key ring\n${version}`;
}

function withoutKeys(): ConfigurationError {
  return new ConfigurationError('KEY_NOT_FOUND', 'there are no keys: start the service once');
}

function changed(): ConfigurationError {
  return new ConfigurationError('KEY_CHANGED', 'somebody else changed the key ring at the same time: look, and repeat');
}
