/**
 * Whether a folder has a store, may get one, or has lost the one that it had. A lost store is not made anew: with it went
 * who was suspended, and what was ended.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceError } from '../../errors.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/** By what they are called in the manifest of a backup. */
export const STORE_FILES = { store: 'thiqa.sqlite', audit: 'audit.sqlite' } as const;

/** What is left of a restore: what it was about to put in place, and what it put aside. */
const OF_A_RESTORE = /\.restoring$|^replaced-/;

/** @throws ServiceError STORE_UNAVAILABLE */
export function requireStoreFiles(directory: string): void {
  const missing = Object.values(STORE_FILES).find((name) => !existsSync(join(directory, name)));
  if (missing !== undefined) throw lost(directory, missing);
}

/**
 * As `requireStoreFiles`, but a folder in which nothing speaks of a store may get one.
 * @throws ServiceError STORE_UNAVAILABLE
 */
export function allowStoreFiles(directory: string): void {
  const [store, audit] = [join(directory, STORE_FILES.store), join(directory, STORE_FILES.audit)];
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Of processes that make the store together none mistakes it for one that lost a file: each file is made, and is
    // filled, in an order, and whoever looks does so in the other one.
    if (sizeOf(store) > 0 && !existsSync(audit)) throw lost(directory, STORE_FILES.audit);
    if (sizeOf(audit) > 0 && sizeOf(store) === 0) throw lost(directory, STORE_FILES.store);
    if (!existsSync(store) && readdirSync(directory).some((name) => OF_A_RESTORE.test(name))) {
      throw new ServiceError('STORE_UNAVAILABLE', `${directory}: a restore did not end there: repeat it`);
    }
    // The audit log first.
    if (!existsSync(audit)) closeSync(openSync(audit, 'a', 0o600));
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    const { message } = sqliteFailure('STORE_UNAVAILABLE', cause);
    throw new ServiceError('STORE_UNAVAILABLE', `${directory}: ${message}`, { cause });
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function lost(directory: string, name: string): ServiceError {
  return new ServiceError('STORE_UNAVAILABLE', `${directory}: the folder of the store has no ${name}`);
}
