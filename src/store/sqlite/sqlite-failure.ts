/**
 * What goes wrong in SQLite, or in the system below it, as errors with a code of ours.
 */
import { ServiceError } from '../../errors.ts';

export type DatabaseFailure = 'STORE_UNAVAILABLE' | 'AUDIT_UNAVAILABLE';

/** Of SQLite's own results: https://www.sqlite.org/rescode.html */
export const SQLITE_BUSY = 5;
export const SQLITE_CORRUPT = 11;
export const SQLITE_NOTADB = 26;

/** Whether an error of `translated` is one of these results of SQLite. */
export function isOfKind(error: unknown, ...kinds: readonly number[]): boolean {
  const errcode = error instanceof ServiceError ? error.detail.errcode : undefined;
  return typeof errcode === 'number' && kinds.includes(errcode & 0xff); // the higher bits say in which way
}

/** Runs `action`. @throws ServiceError `code` in place of what it throws */
export function translated<T>(code: DatabaseFailure, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw sqliteFailure(code, cause);
  }
}

/**
 * A failure of SQLite, or of the system below it, with the reason. SQLite's own messages name tables and columns, never
 * values; even so they stay in the cause, and its sentence for the kind of failure is told.
 */
export function sqliteFailure(code: DatabaseFailure, cause: unknown): ServiceError {
  const { errcode, errstr, code: systemCode } = (cause instanceof Error ? cause : {}) as Partial<SqliteError>;
  const reason = errstr ?? systemCode;
  return new ServiceError(code, `SQLite could not read or write${reason === undefined ? '' : `: ${reason}`}`, {
    cause,
    ...(errcode !== undefined && { detail: { errcode } }),
  });
}

/** As node:sqlite and node:fs make them. */
interface SqliteError {
  readonly errcode: number;
  /** Of `errcode`, from a fixed list. */
  readonly errstr: string;
  readonly code: string;
}
