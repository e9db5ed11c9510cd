/**
 * Of several processes, or workers of one, that find no index of a CRL, one makes it: each would take the memory of the
 * whole list, and one processor for seconds.
 *
 * The lock is that of an empty SQLite database, because the system lets go of it with its holder, however that ends: a
 * file that only says `locked` would outlive a process that was killed, and the next start would wait for nobody.
 * Nothing depends on it but memory and time: without it an index is made and not kept.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { type CrlIndexDirectory, type CrlIndexSubject, placeOf } from './crl-index-file.ts';

const LOOK_MILLISECONDS = 50;
/** Longer than the largest CRL takes to be indexed. */
const LONGEST_WAIT_MILLISECONDS = 30_000;

/**
 * @returns how to let go of the lock
 * @throws an error of the file system or of SQLite, also when somebody else has the lock at the end of the wait
 */
export async function lockCrlIndex(
  { path }: CrlIndexDirectory,
  subject: Pick<CrlIndexSubject, 'source'>,
  waitMilliseconds = LONGEST_WAIT_MILLISECONDS,
): Promise<() => void> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(path, `${placeOf(subject)}.lock`), { timeout: 0 });
  for (let waited = 0; ; waited += LOOK_MILLISECONDS) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return () => database.close();
    } catch (error) {
      if (waited < waitMilliseconds && isBusy(error)) {
        await setTimeout(LOOK_MILLISECONDS);
        continue;
      }
      database.close();
      throw error;
    }
  }
}

/** SQLITE_BUSY (5), with whatever stands in the upper octets. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && Number(error.errcode) % 256 === 5;
}
