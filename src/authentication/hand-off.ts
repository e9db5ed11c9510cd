/**
 * The hand-off: carries the outcome of a card presentation from the card host back to the interaction, through the
 * browser, exactly once.
 */

export interface HandOff {
  /** SHA-256, base64url, of the token that the browser carries; the token itself is never stored. */
  readonly id: string;
  readonly interaction: string;
  readonly browserHash: string;
  /** The outcome, sealed under a key that only the token yields. */
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
}

/** Port. `take` is a conditional delete: of any number of parallel calls, exactly one gets the hand-off. */
export interface HandOffStore {
  put(handOff: HandOff): Promise<void>;
  take(id: string): Promise<HandOff | undefined>;
}
