/** For what must outlive a power failure: a file, or a folder with the names in it. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** @throws the system's own error */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
