/**
 * The store that the configuration names.
 */
import type { MongoStoreOptions } from './mongo/mongo-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';

export type StoreSettings =
  | { readonly kind: 'sqlite'; readonly directory: string }
  | { readonly kind: 'mongodb'; readonly url: string };

export interface OpenOptions {
  /** Whether a store may be made where none is; true unless told. A database server makes one in any case. */
  readonly create?: boolean;
  /** Hears once what the database server is, where there is one. */
  readonly report?: MongoStoreOptions['report'];
}

/**
 * Rejects with ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE, STORE_SCHEMA_NEWER or STORE_SINGLE_USE_BROKEN.
 */
export async function openStore(settings: StoreSettings, { create = true, report }: OpenOptions = {}): Promise<Store> {
  if (settings.kind === 'sqlite') return openSqliteStore({ directory: settings.directory, create });
  // Loaded where it is used: on SQLite the service starts, and stays, without the driver.
  const { openMongoStore } = await import('./mongo/mongo-store.ts');
  return openMongoStore({ url: settings.url, report });
}
