/**
 * What a command needs of the store of a configuration, while the service may run beside it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AuditLog } from '../audit/audit-log.ts';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import type { ConfiguredDocument } from '../document-configuration.ts';
import { ServiceError } from '../errors.ts';
import { openStore } from '../store/open-store.ts';
import { STORE_FILES } from '../store/sqlite/backup.ts';
import type { Store } from '../store/store.ts';
import { withTrustList } from '../trust/document-trust.ts';
import { complain } from './terminal.ts';

export async function withStore<T>(configFile: string, use: (store: Store, audit: AuditLog) => Promise<T>): Promise<T> {
  const store = await openStore(loadConfig(configFile, process.env).store);
  try {
    return await use(store, new AuditLog(store.audit, systemClock));
  } finally {
    await store.close();
  }
}

/**
 * A store that is there: one that was lost is not made anew, and found to be in order.
 * Rejects with ServiceError STORE_UNAVAILABLE, too.
 */
export function withExistingStore<T>(
  configFile: string,
  use: (store: Store, audit: AuditLog) => Promise<T>,
): Promise<T> {
  const { store } = loadConfig(configFile, process.env);
  const missing =
    store.kind === 'sqlite' && Object.values(STORE_FILES).find((name) => !existsSync(join(store.directory, name)));
  if (missing) throw new ServiceError('STORE_UNAVAILABLE', `the folder of the store has no ${missing}`);
  return withStore(configFile, use);
}

/** The documents as the service accepts them: of the configuration, and of the trust list. */
export function trustedDocuments(configFile: string): Promise<readonly ConfiguredDocument[]> {
  const { documents } = loadConfig(configFile, process.env);
  return withStore(configFile, async ({ trust }) => {
    const { entries } = await trust.read();
    return documents.map((document) =>
      withTrustList(document, entries, ({ error }) => complain(`an entry of the trust list is damaged: ${error.code}`)),
    );
  });
}
