/**
 * A challenge: one attempt to present a card, issued to one browser in one interaction, taken exactly once.
 * For a certificate over TLS its identifier is the random label of the card host; no label is ever used twice, which
 * also keeps a browser from answering with a choice or a session that it remembers. A label travels in the clear (DNS,
 * SNI); whoever sees it lacks the other half, and can neither use the attempt up nor answer it with a card of his own.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface Challenge {
  /** 64 lower-case hexadecimal characters: the label of the card host, and the secret half that only its path carries. */
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
