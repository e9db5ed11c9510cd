/**
 * When a notice that a portal did not take is tried again, and when it is given up. Pure.
 *
 * Pauses double from five seconds to an hour, each up to a quarter shorter or longer, so that what failed together does
 * not come back together.
 */
import type { Code } from '../../errors.ts';

export interface FailedAttempt {
  readonly code: Code;
  /** Of the portal's answer, where there was one. */
  readonly status?: number | undefined;
  /** Those begun, this one included. */
  readonly attempts: number;
}

const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 3_600_000;
const SPREAD = 0.25;
/** Of what a repetition hardly changes. Its clock may have been wrong, or its copy of our keys old. */
const MOST_REFUSALS = 5;
/** Of the other notices of a portal that cannot be reached; each would only find the same. */
const LONGEST_STANDSTILL_MS = 60_000;

/**
 * Undefined: given up.
 * @param chance from 0 to 1
 */
export function retryTime(
  failed: FailedAttempt,
  { at, until, chance }: { readonly at: Date; readonly until: Date; readonly chance: number },
): Date | undefined {
  if (isRefusal(failed) && failed.attempts >= MOST_REFUSALS) return undefined;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failed.attempts - 1), LONGEST_PAUSE_MS);
  const retryAt = new Date(at.getTime() + pause * (1 - SPREAD + 2 * SPREAD * chance));
  return retryAt > until ? undefined : retryAt;
}

/** Until when a portal is left alone; undefined where it answered, so that the notice itself may be why. */
export function standstill({ code, status }: FailedAttempt, retryAt: Date, at: Date): Date | undefined {
  if (status !== undefined || (code !== 'FETCH_TIMEOUT' && code !== 'FETCH_FAILED')) return undefined;
  return new Date(Math.min(retryAt.getTime(), at.getTime() + LONGEST_STANDSTILL_MS));
}

/** 2.8: 400 for a token that is refused, or a logout that failed. A redirect, or an address out of bounds, is refused by us. */
function isRefusal({ code, status }: FailedAttempt): boolean {
  if (code === 'FETCH_REFUSED' || code === 'PORTAL_UNKNOWN') return true;
  return status !== undefined && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}
