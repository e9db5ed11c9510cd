/**
 * A challenge: one attempt to present a card, issued to one browser in one interaction, taken exactly once.
 * For a certificate over TLS its identifier is the random label of the card host; no label is ever used twice, which
 * also keeps a browser from answering with a choice or a session that it remembers. A label travels in the clear (DNS,
 * SNI); whoever sees it lacks the other half, and can neither use the attempt up nor answer it with a card of his own.
 * For Web eID its identifier is the nonce that the card signs. The two kinds differ in form, so none passes for the other.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { EvidenceError } from '../errors.ts';

export interface Challenge {
  /**
   * 64 lower-case hexadecimal characters: the label of the card host, and the secret half that only its path carries.
   * Or the challenge nonce of Web eID: base64, 44 characters.
   */
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

const LABEL_LENGTH = 32;
const CHALLENGE_OCTETS = 32;

export const CHALLENGE_PATTERN = /^[0-9a-f]{64}$/;

export function newChallengeId(): string {
  return randomBytes(CHALLENGE_OCTETS).toString('hex');
}

/** The text that the card signs, never decoded: 256 random bits, where Web eID asks for as many at least. */
export const NONCE_PATTERN = /^[A-Za-z0-9+/]{43}=$/;

export function newNonce(): string {
  return randomBytes(CHALLENGE_OCTETS).toString('base64');
}

/**
 * The challenge with this identifier, once. Whoever asks uses it up.
 * @throws EvidenceError CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED
 */
export async function takeChallenge(store: ChallengeStore, id: string, pattern: RegExp, at: Date): Promise<Challenge> {
  const challenge = pattern.test(id) ? await store.take(id) : undefined;
  if (challenge === undefined) throw new EvidenceError('CHALLENGE_UNKNOWN', 'the challenge is unknown or was used');
  if (challenge.expiresAt <= at) throw new EvidenceError('CHALLENGE_EXPIRED', 'the challenge has expired');
  return challenge;
}

/** Where a challenge is answered: `label` is the first DNS label of the host, `path` the one segment of the path. */
export function addressOfChallenge(id: string): { readonly label: string; readonly path: string } {
  return { label: id.slice(0, LABEL_LENGTH), path: `/${id.slice(LABEL_LENGTH)}` };
}

/** The challenge that an address names, if it can be one. */
export function challengeAtAddress(label: string, path: string): string | undefined {
  const id = label + path.replace(/^\//, '');
  return label.length === LABEL_LENGTH && CHALLENGE_PATTERN.test(id) ? id : undefined;
}

/** A secret that the browser alone holds (a cookie, a hand-off token): 256 random bits, base64url. */
export function newBrowserSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of such a secret. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('base64url');
}

/** Whether the browser that sends `secret` is the one of which `hash` is stored. */
export function isSameBrowser(hash: string, secret: string | undefined): boolean {
  if (secret === undefined) return false;
  const [stored, sent] = [Buffer.from(hash), Buffer.from(hashOfSecret(secret))];
  return stored.length === sent.length && timingSafeEqual(stored, sent);
}
