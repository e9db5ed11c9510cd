/**
 * What a command needs of the store of a configuration, while the service may run beside it.
 */
import { AuditLog } from '../audit/audit-log.ts';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import type { ConfiguredDocument } from '../document-configuration.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { withTrustList } from '../trust/document-trust.ts';
import { complain } from './terminal.ts';

type Use<T> = (store: Store, audit: AuditLog) => Promise<T>;

/**
 * A store that is there: one that was lost, or that another folder has, is not made anew and found to be in order.
 * Rejects with ServiceError STORE_UNAVAILABLE, too.
 */
export function withStore<T>(configFile: string, use: Use<T>): Promise<T> {
  return withOpened(configFile, false, use);
}

/** For what may come before the first start of the service. */
export function withFirstStore<T>(configFile: string, use: Use<T>): Promise<T> {
  return withOpened(configFile, true, use);
}

async function withOpened<T>(configFile: string, create: boolean, use: Use<T>): Promise<T> {
  const store = await openStore(loadConfig(configFile, process.env).store, { create });
  try {
    return await use(store, new AuditLog(store.audit, systemClock));
  } finally {
    await store.close();
  }
}

/** The documents as the service accepts them: of the configuration, and of the trust list. */
export function trustedDocuments(configFile: string): Promise<readonly ConfiguredDocument[]> {
  const { documents } = loadConfig(configFile, process.env);
  return withFirstStore(configFile, async ({ trust }) => {
    const { entries } = await trust.read();
    return documents.map((document) =>
      withTrustList(document, entries, ({ error }) => complain(`an entry of the trust list is damaged: ${error.code}`)),
    );
  });
}
