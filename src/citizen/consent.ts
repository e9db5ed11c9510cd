/**
 * What a citizen agreed that a portal may see.
 */

export interface Consent {
  /** Keyed hash of the national identifier. */
  readonly accountId: string;
  readonly clientId: string;
  /** Claim names, sorted. */
  readonly claims: readonly string[];
  readonly givenAt: Date;
}

/** Port. One consent per citizen and portal; `put` replaces. */
export interface ConsentStore {
  find(accountId: string, clientId: string): Promise<Consent | undefined>;
  put(consent: Consent): Promise<void>;
}
