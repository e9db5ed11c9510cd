/**
 * The stores that must pass the contract test. A further store joins by one entry here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

export interface StoreFactory {
  readonly name: string;
  /** A fresh, empty place: a text that another process can open as well. */
  newPlace(): Promise<string>;
  /** Opens one more handle on a place. */
  open(place: string): Promise<Store>;
  discard(place: string): Promise<void>;
}

const sqlite: StoreFactory = {
  name: 'SQLite',
  newPlace: () => mkdtemp(join(tmpdir(), 'thiqa-store-')),
  open: (place) => openSqliteStore({ directory: place }),
  discard: (place) => rm(place, { recursive: true }),
};

export const STORE_FACTORIES: readonly StoreFactory[] = [sqlite];
