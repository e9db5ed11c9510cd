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

export async function withStore<T>(configFile: string, use: (store: Store, audit: AuditLog) => Promise<T>): Promise<T> {
  const store = await openStore(loadConfig(configFile, process.env).store);
  try {
    return await use(store, new AuditLog(store.audit, systemClock));
  } finally {
    await store.close();
  }
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
