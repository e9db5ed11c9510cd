/**
 * Brings notices to portals: every process takes from one queue, and a notice that its holder did not settle is another
 * one's after half a minute. Each portal has its own places, so that a slow one delays nobody else. Delivered or given
 * up, it is on record before it leaves the queue.
 */
import type { AuditLog } from '../../audit/audit-log.ts';
import type { Clock } from '../../clock.ts';
import { ThiqaError } from '../../errors.ts';
import type { LogoutNotice, LogoutNoticeStore } from './logout-notice.ts';
import type { SendLogoutToken } from './logout-token.ts';
import { type FailedAttempt, retryTime, standstill } from './retry.ts';

export interface LogoutDeliveryParts {
  readonly notices: LogoutNoticeStore;
  readonly send: SendLogoutToken;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** After the end of the session, a notice that no portal took is given up. */
  readonly noticeSeconds: number;
  readonly report: (error: unknown, clientId?: string) => void;
  /** From 0 to 1. */
  readonly chance?: () => number;
}

/** Longer than the keys of a portal and its answer may take together. */
const HELD_MS = 30_000;
const PLACES_OF_A_PORTAL = 4;
/** At a stop, before what is under way is cut off: it is due again at the next start. */
const GRACE_MS = 2000;

export class LogoutDelivery {
  readonly #parts: LogoutDeliveryParts;
  /** By portal. */
  readonly #underWay = new Map<string, Set<Promise<void>>>();
  #looking: Promise<void> | undefined;
  #isAskedAgain = false;
  #isStopped = false;
  readonly #cutOff = new AbortController();

  constructor(parts: LogoutDeliveryParts) {
    this.#parts = parts;
  }

  /** Takes what is due, now or as soon as the look that is under way ends. */
  wake(): void {
    if (this.#isStopped) return;
    if (this.#looking !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isAskedAgain = false;
    this.#looking = this.#takeDue()
      .catch((error: unknown) => this.#parts.report(error))
      .finally(() => {
        this.#looking = undefined;
        if (this.#isAskedAgain) this.wake();
      });
  }

  /** Takes nothing more, and lets end what is under way; the rest is for another process, or the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#looking;
    const cutting = setTimeout(() => this.#cutOff.abort(), GRACE_MS);
    await Promise.all([...this.#underWay.values()].flatMap((deliveries) => [...deliveries]));
    clearTimeout(cutting);
  }

  async #takeDue(): Promise<void> {
    const { notices, clock } = this.#parts;
    while (!this.#isStopped) {
      const at = clock();
      const busy = [...this.#underWay].filter(([, { size }]) => size >= PLACES_OF_A_PORTAL).map(([portal]) => portal);
      const notice = await notices.take(at, new Date(at.getTime() + HELD_MS), busy);
      if (notice === undefined) return;
      this.#begin(notice);
    }
  }

  #begin(notice: LogoutNotice): void {
    const { clientId } = notice;
    const ofPortal = this.#underWay.get(clientId) ?? new Set();
    this.#underWay.set(clientId, ofPortal);
    const delivery = this.#deliver(notice)
      // The notice stays, and is due again when its time is over.
      .catch((error: unknown) => this.#parts.report(error, clientId))
      .finally(() => {
        ofPortal.delete(delivery);
        if (ofPortal.size === 0) this.#underWay.delete(clientId);
        this.wake();
      });
    ofPortal.add(delivery);
  }

  async #deliver(notice: LogoutNotice): Promise<void> {
    const { notices, audit, clock, noticeSeconds, chance = Math.random } = this.#parts;
    const { clientId, accountId, attempts } = notice;
    const failed = await this.#attempt(notice);
    if (failed === undefined) {
      await audit.append({ type: 'portal.notified', clientId, accountId, attempts });
      return notices.settle(notice);
    }
    const at = clock();
    const until = new Date(notice.endedAt.getTime() + noticeSeconds * 1000);
    const retryAt = retryTime(failed, { at, until, chance: chance() });
    if (retryAt === undefined) {
      const { code, status } = failed;
      const answer = { code, ...(status !== undefined && { status }) };
      await audit.append({ type: 'portal.not-notified', clientId, accountId, attempts, ...answer });
      return notices.settle(notice);
    }
    await notices.settle(notice, retryAt);
    const pausedUntil = standstill(failed, retryAt, at);
    if (pausedUntil !== undefined) await notices.postpone(clientId, pausedUntil);
  }

  async #attempt(notice: LogoutNotice): Promise<FailedAttempt | undefined> {
    const { attempts, clientId } = notice;
    try {
      await this.#parts.send(notice, this.#cutOff.signal);
      return undefined;
    } catch (error) {
      this.#parts.report(error, clientId);
      if (!(error instanceof ThiqaError)) return { code: 'INTERNAL', attempts };
      const { status } = error.detail;
      return { code: error.code, attempts, ...(typeof status === 'number' && { status }) };
    }
  }
}
