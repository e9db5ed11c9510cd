/**
 * What the service keeps of a citizen between the sign-in and the portal's last question: the attributes of the card
 * that was presented last, sealed, until no session or token can ask for them any more.
 */

export interface CitizenRecord {
  /** Keyed hash of the national identifier; the identifier itself is never stored. */
  readonly accountId: string;
  /** The NaturalPerson, sealed. */
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
}

/** Port. `find` never returns what has expired at `at`; `put` replaces. */
export interface CitizenStore {
  find(accountId: string, at: Date): Promise<CitizenRecord | undefined>;
  put(record: CitizenRecord): Promise<void>;
}
