/**
 * The keys of a running process, always those of the latest ring: looked at every few seconds and at once when the
 * operator asks. On the way the process does what is due: it publishes what was announced, removes what nothing needs,
 * and changes keys by itself where it was told to.
 */
import type { Clock } from '../../clock.ts';
import { ConfigurationError, ServiceError } from '../../errors.ts';
import { generateKey } from '../signing-keys.ts';
import { activateKey, announceKey, type DueStep, dueSteps, type KeyPolicy, publishKey, removeKey } from './key-life.ts';
import type { KeyMaterial, KeyRing } from './key-ring.ts';
import type { OpenedRing, SealedRing } from './sealed-ring.ts';

export interface LiveKeysParts {
  readonly ring: SealedRing;
  readonly policy: KeyPolicy;
  readonly clock: Clock;
  /** As the process starts with it. */
  readonly opened: OpenedRing;
  /** Told after each change of what signs, or verifies. */
  readonly onChange: (ring: KeyRing) => void;
}

export class LiveKeys {
  readonly #parts: LiveKeysParts;
  #opened: OpenedRing;
  /** Looks are made one after the other. */
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: LiveKeysParts) {
    this.#parts = parts;
    this.#opened = parts.opened;
  }

  get ring(): KeyRing {
    return this.#opened.ring;
  }

  /**
   * Follows the ring of the store and does what is due. Whatever fails, the keys that the process has stay.
   * @throws ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE; ConfigurationError STORE_KEY_CHANGED, SUBJECT_KEY_CHANGED
   */
  follow(): Promise<void> {
    const done = this.#looking.then(() => this.#look());
    this.#looking = done.catch(() => undefined); // whoever asked for the look is told
    return done;
  }

  async #look(): Promise<void> {
    const { ring, policy, clock } = this.#parts;
    const version = await ring.version();
    // An older store was put in place under a running service: its keys may be ones that were removed for a reason.
    if (version < this.#opened.version) throw new ServiceError('STORE_UNAVAILABLE', 'the key ring has become older');
    if (version > this.#opened.version) this.#adopt(await ring.read());
    for (const step of dueSteps(this.ring, policy, clock())) await this.#take(step);
  }

  async #take(step: DueStep): Promise<void> {
    const { ring, policy, clock } = this.#parts;
    const asking = { by: 'service', at: clock() } as const;
    const material = step.step === 'announce' ? await generateKey(step.algorithm) : undefined;
    try {
      this.#adopt(await ring.change((before) => changed(before, step, material, asking, policy)));
    } catch (error) {
      // Another process was first, with this or with another change: the next look sees it.
      if (!(error instanceof ConfigurationError && error.code.startsWith('KEY_'))) throw error;
    }
  }

  #adopt(opened: OpenedRing | undefined): void {
    if (opened === undefined) throw new ServiceError('STORE_UNAVAILABLE', 'the key ring is gone');
    const former = this.#opened;
    if (opened.ring.subjectKeyFingerprint !== former.ring.subjectKeyFingerprint) {
      throw new ConfigurationError('SUBJECT_KEY_CHANGED', 'another subject key was accepted: this process must stop');
    }
    if (visibleIn(opened.ring) !== visibleIn(former.ring)) this.#parts.onChange(opened.ring);
    // Only now: a ring that nobody could go on with is met again at the next look.
    this.#opened = opened;
  }
}

function changed(
  ring: KeyRing,
  step: DueStep,
  material: KeyMaterial | undefined,
  asking: Parameters<typeof publishKey>[2],
  policy: KeyPolicy,
): KeyRing {
  switch (step.step) {
    case 'announce':
      if (material === undefined) throw new TypeError('a key is made before it is announced');
      return announceKey(ring, material, asking);
    case 'publish':
      return publishKey(ring, step.kid, asking);
    case 'activate':
      return activateKey(ring, step.kid, asking, { policy });
    case 'remove':
      return removeKey(ring, step.kid, asking, { policy });
  }
}

/** What a portal or a browser could notice. */
function visibleIn({ keys }: KeyRing): string {
  return keys
    .filter(({ state }) => state === 'published' || state === 'signing' || state === 'retired')
    .map(({ kid, state }) => `${kid} ${state}`)
    .join('\n');
}
