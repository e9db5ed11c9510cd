/**
 * Whether the path of a database still leads to the file that was opened. One that was removed, moved away or replaced stays
 * open, and SQLite goes on writing to it: nobody else would ever read what it calls durable there.
 */
import { type BigIntStats, closeSync, fstatSync, openSync, statSync } from 'node:fs';

/** Creates the file when it is absent, with this mode. */
export function openedFile(file: string, mode: number): () => boolean {
  const descriptor = openSync(file, 'a', mode);
  try {
    const opened = identityOf(fstatSync(descriptor, { bigint: true }));
    return () => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false });
      return found !== undefined && identityOf(found) === opened;
    };
  } finally {
    closeSync(descriptor);
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}
