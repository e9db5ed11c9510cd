/**
 * Sessions of the demonstration portal: in memory, named by a random cookie, bounded in number and in time.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { EndedSession } from './logout-token.ts';
import type { Assertion, PendingSignIn } from './portal-relying-party.ts';

export interface PortalSession {
  /** Of the citizen who is signed in. */
  readonly assertion?: Assertion;
  /** Sign-ins under way, the oldest first: a citizen may begin in one tab and again in another. */
  readonly pending: readonly PendingSignIn[];
  /** The provider was asked to end its session; its answer brings this back. */
  readonly leaving?: string;
  /** The provider's session has ended, and with it the citizen's here. */
  readonly hasEnded?: true;
}

const LIFETIME_SECONDS = 3600;
const MOST_SESSIONS = 10_000;

export class PortalSessions {
  readonly #clock: Clock;
  /** In order of opening, so the first is the oldest. */
  readonly #sessions = new Map<string, { readonly session: PortalSession; readonly expiresAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the secret for the cookie; always a new one, so no one can fix it beforehand */
  open(session: PortalSession): string {
    const secret = randomBytes(32).toString('base64url');
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MOST_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    this.#sessions.set(secret, { session, expiresAt: this.#clock().getTime() + LIFETIME_SECONDS * 1000 });
    return secret;
  }

  find(secret: string | undefined): PortalSession | undefined {
    if (secret === undefined) return undefined;
    const entry = this.#sessions.get(secret);
    if (entry === undefined || entry.expiresAt > this.#clock().getTime()) return entry?.session;
    this.#sessions.delete(secret);
    return undefined;
  }

  close(secret: string | undefined): void {
    if (secret !== undefined) this.#sessions.delete(secret);
  }

  /** Signs out of every session that rests on this one of the provider; a sign-in that is under way goes on. */
  end({ sub, sid }: EndedSession): void {
    for (const [secret, { session, expiresAt }] of this.#sessions) {
      const of = session.assertion?.session;
      if (of === undefined || (sid !== undefined && of.sid !== sid) || (sub !== undefined && of.sub !== sub)) continue;
      this.#sessions.set(secret, { session: { pending: session.pending, hasEnded: true }, expiresAt });
    }
  }
}
