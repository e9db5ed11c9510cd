/**
 * The hand-off: carries the outcome of a card presentation from the card host back to the interaction, through the
 * browser, exactly once (S25).
 *
 * Two secrets must meet. The token travels through the browser that held the card; the cookie sits in the browser that
 * asked for the sign-in. A citizen lured to a card address that somebody else asked for hands the token to nobody: the
 * other browser never sees it, and the citizen's browser has not the cookie.
 */
import { EvidenceError } from '../errors.ts';
import { open, seal } from '../sealing.ts';
import { type Challenge, hashOfSecret, isSameBrowser, newBrowserSecret } from './challenge.ts';

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

const CONTEXT = 'hand-off';
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** Stores `outcome` for the browser and the interaction of `challenge`; returns the token to send through the browser. */
export async function issueHandOff(
  store: HandOffStore,
  challenge: Challenge,
  outcome: unknown,
  expiresAt: Date,
): Promise<string> {
  const token = newBrowserSecret();
  await store.put({
    id: hashOfSecret(token),
    interaction: challenge.interaction,
    browserHash: challenge.browserHash,
    sealed: seal(outcome, Buffer.from(token), CONTEXT),
    expiresAt,
  });
  return token;
}

export interface HandOffClaim {
  readonly token: string;
  readonly interaction: string;
  /** The cookie of the browser, or undefined when it sent none. */
  readonly browserSecret: string | undefined;
}

/**
 * The outcome, once. Whoever presents the token uses it up, the wrong browser too: then nobody is signed in.
 * @throws EvidenceError HANDOFF_UNKNOWN, HANDOFF_EXPIRED, HANDOFF_OTHER_INTERACTION, HANDOFF_OTHER_BROWSER
 */
export async function takeHandOff(store: HandOffStore, claim: HandOffClaim, at: Date): Promise<unknown> {
  const handOff = TOKEN_PATTERN.test(claim.token) ? await store.take(hashOfSecret(claim.token)) : undefined;
  if (handOff === undefined) throw new EvidenceError('HANDOFF_UNKNOWN', 'the hand-off is unknown or was used');
  if (handOff.expiresAt <= at) throw new EvidenceError('HANDOFF_EXPIRED', 'the hand-off has expired');
  if (handOff.interaction !== claim.interaction) {
    throw new EvidenceError('HANDOFF_OTHER_INTERACTION', 'the hand-off belongs to another interaction');
  }
  if (!isSameBrowser(handOff.browserHash, claim.browserSecret)) {
    throw new EvidenceError('HANDOFF_OTHER_BROWSER', 'the hand-off belongs to another browser');
  }
  return open(handOff.sealed, Buffer.from(claim.token), CONTEXT);
}
