/**
 * A challenge: one attempt to present a card, issued to one browser in one interaction, taken exactly once.
 * For a certificate over TLS its identifier is the random label of the card host; no label is ever used twice.
 */

export interface Challenge {
  /** 32 lower-case base32 characters (160 random bits): also a DNS label. */
  readonly id: string;
  /** The interaction (`uid` of oidc-provider) that waits for the card. */
  readonly interaction: string;
  /** SHA-256, base64url, of the cookie of the browser that asked. */
  readonly browserHash: string;
  /** The portal's client_id, for the audit record. */
  readonly clientId: string;
  readonly expiresAt: Date;
}

/** Port. `take` is a conditional delete: of any number of parallel calls, exactly one gets the challenge. */
export interface ChallengeStore {
  put(challenge: Challenge): Promise<void>;
  take(id: string): Promise<Challenge | undefined>;
}
