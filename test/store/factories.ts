/**
 * The stores that must pass the contract test. A further store joins by one entry here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { discardDatabase, freshDatabase, MONGODB_URL } from '../support/mongo-database.ts';

export interface StoreFactory {
  readonly name: string;
  /** What must be there for the store to be tested, when it is not. */
  readonly needs?: string;
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

const TEN_YEARS = 10 * 365 * 86_400;

const mongodb: StoreFactory = {
  name: 'MongoDB',
  ...(MONGODB_URL === undefined && { needs: 'MONGODB_URL, the address of a server (or: npm run test:mongodb)' }),
  newPlace: async () => freshDatabase(MONGODB_URL ?? ''),
  // The records of these tests expire at a fixed time, which is past by the clock of the server.
  open: (place) => openMongoStore({ url: place, ttlGraceSeconds: TEN_YEARS }),
  discard: discardDatabase,
};

export const STORE_FACTORIES: readonly StoreFactory[] = [sqlite, mongodb];
