/**
 * What an officer decided of a citizen, whatever the card says.
 */

export interface CitizenStanding {
  /** Suspended: no card of theirs signs in. */
  readonly isSuspended: boolean;
  /** Epoch seconds. No session and nothing that was issued until then counts. */
  readonly notBefore: number;
}

export interface StandingChange {
  readonly notBefore: number;
  /** Unless told, it stays as it is. */
  readonly isSuspended?: boolean;
}

/** Port. Of most citizens there is nothing to keep. */
export interface StandingStore {
  find(accountId: string): Promise<CitizenStanding | undefined>;
  /** On disk before it resolves. `notBefore` is only ever raised. */
  change(accountId: string, change: StandingChange): Promise<void>;
}
