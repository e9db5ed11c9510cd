/**
 * Who must hear that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2): a portal is written down before it
 * gets a code in the session. The end of the session makes notices of what is written already, so nothing has to be
 * found, and nothing is lost, at that moment. A session that runs out leaves no notice.
 */

export interface SessionParticipant {
  /** Of the session as this portal knows it (`sid`); of no other session and no other portal. */
  readonly sid: string;
  /** Of the session itself, which all its portals have in common. */
  readonly sessionUid: string;
  readonly clientId: string;
  readonly accountId: string;
  /** When the session runs out. */
  readonly expiresAt: Date;
}

export interface LogoutNotice extends Omit<SessionParticipant, 'expiresAt'> {
  readonly endedAt: Date;
  /** Those begun, this one included. No two holders of a notice have the same number. */
  readonly attempts: number;
}

/** Whose sessions end: a whole one, or its part at one portal; all of a citizen, all at a portal, or all. */
export type EndedSessions =
  | { readonly sessionUid: string; readonly clientId?: string }
  | { readonly accountId: string }
  | { readonly clientId: string }
  | { readonly everybody: true };

export interface LogoutBacklog {
  readonly clientId: string;
  readonly waiting: number;
  /** When the session of the oldest notice ended. */
  readonly since: Date;
}

/** Port. */
export interface LogoutNoticeStore {
  /** Inserts, or moves the time when the session runs out; never what is a notice already. */
  put(participant: SessionParticipant): Promise<void>;
  /** A card was shown again: the session, with all that take part in it, runs out at `expiresAt`. */
  prolong(sessionUid: string, expiresAt: Date): Promise<void>;
  /** Makes notices, due at once, of every participant whose session has not run out; says how many are new. */
  end(sessions: EndedSessions, at: Date): Promise<number>;
  /**
   * The notice that is due longest, of no portal of `busy`. It is due again at `until`, for whoever takes it when its
   * holder has died; of any number of parallel calls, one gets it.
   */
  take(at: Date, until: Date, busy: readonly string[]): Promise<LogoutNotice | undefined>;
  /** By its holder: done with, or due again at `retryAt`. Does nothing when somebody else has taken it meanwhile. */
  settle(notice: LogoutNotice, retryAt?: Date): Promise<void>;
  /** No notice of the portal is due before `until`. */
  postpone(clientId: string, until: Date): Promise<void>;
  /** The notices that wait, by portal. */
  backlog(): Promise<readonly LogoutBacklog[]>;
}
