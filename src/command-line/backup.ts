/**
 * `thiqa backup` and `thiqa restore`: the store in a folder, and back.
 */
import type { Command } from 'commander';
import { AuditLog, type AuditStore } from '../audit/audit-log.ts';
import type { AuditRecord } from '../audit/hash-chain.ts';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { ServiceError } from '../errors.ts';
import { backUpSqliteStore } from '../store/sqlite/backup.ts';
import { restoreSqliteStore } from '../store/sqlite/restore.ts';
import { withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

export function addBackupCommands(program: Command): void {
  program
    .command('backup <folder>')
    .description('copy the store into a new folder, while the service runs; the keys directory is not in it')
    .option(...configOption)
    .action(async (folder: string, { config }: { config: string }) => {
      const directory = sqliteDirectory(config);
      const at = systemClock();
      const { verify, lastRecord } = auditVerification();
      await backUpSqliteStore(directory, folder, at, verify);
      print(JSON.stringify({ verdict: 'complete', at: at.toISOString(), ...summaryOf(lastRecord()) }));
    });

  program
    .command('restore <folder>')
    .description('make a backup the store again; refuses while the service runs')
    .option('--replace', 'put the store that stands there aside', false)
    .option(...configOption)
    .action(async (folder: string, { config, replace }: { config: string; replace: boolean }) => {
      const directory = sqliteDirectory(config);
      const at = systemClock();
      const { verify, lastRecord } = auditVerification();
      const manifest = await restoreSqliteStore({ directory, folder, at, replace, verifyAudit: verify });
      await withStore(config, (_store, audit) =>
        audit.append({ type: 'store.restored', backupAt: manifest.at, backupSha256: manifest.files.store }),
      );
      print(JSON.stringify({ verdict: 'restored', at: manifest.at, ...summaryOf(lastRecord()) }));
    });
}

/** @throws ServiceError BACKUP_NOT_OURS on a store of a database server, which has tools of its own for it */
function sqliteDirectory(configFile: string): string {
  const { store } = loadConfig(configFile, process.env);
  if (store.kind === 'sqlite') return store.directory;
  throw new ServiceError(
    'BACKUP_NOT_OURS',
    'the store is on MongoDB: copy it with mongodump --oplog and restore it with mongorestore (docs/scaling.md)',
  );
}

function auditVerification() {
  let last: AuditRecord | undefined;
  return {
    async verify(store: AuditStore): Promise<void> {
      last = await new AuditLog(store, systemClock).verify();
    },
    lastRecord: () => last,
  };
}

function summaryOf(last: AuditRecord | undefined): object {
  return { records: last?.sequence ?? 0, hash: last?.hash };
}
