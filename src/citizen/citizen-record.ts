/**
 * What the service keeps of a citizen between the sign-in and the portal's last question: the attributes of the card
 * that was presented last, sealed, until no session or token can ask for them any more. The national identifier is
 * not among them: of it only the keyed hash stays.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { NaturalPerson } from '../identity/person.ts';
import { open, seal } from '../sealing.ts';

export interface CitizenRecord {
  /** Keyed hash of the national identifier. */
  readonly accountId: string;
  /** A SignedInPerson, sealed. */
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
}

/** Port. `find` never returns what has expired at `at`; `put` replaces. */
export interface CitizenStore {
  find(accountId: string, at: Date): Promise<CitizenRecord | undefined>;
  put(record: CitizenRecord): Promise<void>;
}

/** What is kept of the person, and the identifier as the citizen alone sees it on the consent page. */
export interface SignedInPerson {
  readonly person: Omit<NaturalPerson, 'nationalIdentifier'>;
  readonly maskedIdentifier: string;
}

export interface CitizenRecords {
  remember(accountId: string, person: SignedInPerson): Promise<void>;
  recall(accountId: string): Promise<SignedInPerson | undefined>;
}

/**
 * @param secret the subject key: a copy of the store alone opens nothing
 * @param lifetimeSeconds at least the longest session and the longest token together
 */
export function createCitizenRecords(
  store: CitizenStore,
  secret: KeyObject,
  lifetimeSeconds: number,
  clock: Clock,
): CitizenRecords {
  const context = (accountId: string): string => `citizen record\n${accountId}`;
  return {
    async remember(accountId, person) {
      const expiresAt = new Date(clock().getTime() + lifetimeSeconds * 1000);
      await store.put({ accountId, sealed: seal(person, secret, context(accountId)), expiresAt });
    },
    async recall(accountId) {
      const record = await store.find(accountId, clock());
      // The value is our own: written by `remember`, authenticated by the seal.
      return record && (open(record.sealed, secret, context(accountId)) as SignedInPerson);
    },
  };
}
