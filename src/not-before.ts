/**
 * The time from which on something counts: what was issued, and who was authenticated, until then is worth nothing. There
 * are three of them: for everybody, for a portal, for a citizen. Each is asked, so none hides another (CVE-2026-8922), and
 * none is ever taken back. In epoch seconds, as `iat` and `auth_time`.
 */
import type { Clock } from './clock.ts';

/** The one for everybody. Port; a store never lowers it. */
export interface NotBeforeStore {
  find(): Promise<number | undefined>;
  raise(notBefore: number): Promise<void>;
}

/** Nobody knows which of two came first within one second: what is of the same second has ended. */
export function hasEnded(at: number, ...notBefore: readonly (number | undefined)[]): boolean {
  return notBefore.some((mark) => mark !== undefined && !(at > mark));
}

export function notBeforeNow(clock: Clock): number {
  return Math.floor(clock().getTime() / 1000);
}

const RELIED_ON_MS = 100;

/** @returns answers from what was read up to 100 ms ago, as portals are (relying-party/recent-portals.ts) */
export function recentNotBefore(store: NotBeforeStore, clock: Clock): NotBeforeStore['find'] {
  let known: { readonly at: number; readonly mark: Promise<number | undefined> } | undefined;
  return () => {
    const now = clock().getTime();
    // Also of a clock that was set back.
    if (known !== undefined && Math.abs(now - known.at) < RELIED_ON_MS) return known.mark;
    const entry = { at: now, mark: store.find() };
    known = entry;
    entry.mark.catch(() => {
      if (known === entry) known = undefined;
    });
    return entry.mark;
  };
}
