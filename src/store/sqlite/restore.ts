/**
 * A backup becomes the store again. Only of a service that does not run, and never over a store unless that is meant; the
 * files that are replaced are kept aside, for the record in them may be newer than the backup's.
 *
 * What a sign-in under way had in the store is not restored: a code or a challenge that was used after the backup would
 * otherwise be unused again. Citizens sign in anew.
 */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '../../errors.ts';
import { syncToDisk } from '../../sync-to-disk.ts';
import { type BackupManifest, makeFolder, type VerifyAudit, verifyBackup } from './backup.ts';
import { sqliteFailure } from './sqlite-failure.ts';
import { STORE_FILES } from './store-files.ts';

export interface RestoreOptions {
  /** Where the store is to be. */
  readonly directory: string;
  readonly folder: string;
  readonly at: Date;
  /** A store that stands there may be put aside. */
  readonly replace: boolean;
  readonly verifyAudit: VerifyAudit;
}

/** Rejects with ServiceError STORE_EXISTS, STORE_IN_USE, STORE_UNAVAILABLE, and as `verifyBackup` does. */
export async function restoreSqliteStore({
  directory,
  folder,
  at,
  replace,
  verifyAudit,
}: RestoreOptions): Promise<BackupManifest> {
  const manifest = await verifyBackup(folder, verifyAudit);
  makeFolder(directory);
  const standing = Object.values(STORE_FILES).filter((name) => existsSync(join(directory, name)));
  if (standing.length > 0 && !replace)
    throw new ServiceError('STORE_EXISTS', 'there is a store already; --replace puts it aside');
  const locks: DatabaseSync[] = [];
  try {
    for (const name of standing) locks.push(...lockAlone(join(directory, name)));
    for (const name of Object.values(STORE_FILES)) {
      copyFileSync(join(folder, name), draftOf(directory, name));
      // A copy has the mode of a backup, which others may read, or nobody may write to.
      chmodSync(draftOf(directory, name), 0o600);
      giveToOwner(directory, draftOf(directory, name));
    }
    forgetSignIns(draftOf(directory, STORE_FILES.store));
    // On disk before the store goes: from here on they say that a restore did not end.
    for (const name of Object.values(STORE_FILES)) syncToDisk(draftOf(directory, name));
    syncToDisk(directory);
    putAside(directory, at);
    // The record first: it is never behind what the store says.
    for (const name of [STORE_FILES.audit, STORE_FILES.store]) {
      renameSync(draftOf(directory, name), join(directory, name));
      syncToDisk(directory);
    }
  } catch (cause) {
    for (const name of Object.values(STORE_FILES)) rmSync(draftOf(directory, name), { force: true });
    if (cause instanceof ServiceError) throw cause;
    throw sqliteFailure('STORE_UNAVAILABLE', cause);
  } finally {
    for (const lock of locks) lock.close();
  }
  return manifest;
}

const draftOf = (directory: string, name: string): string => join(directory, `${name}.restoring`);

/**
 * Leaving the write-ahead log is possible only for the one connection that a database has, so it tells whether a service
 * has the file open, idle or not; the lock then keeps one from starting. A file that is damaged, which a backup may be
 * there for, has no lock.
 */
function lockAlone(file: string): DatabaseSync[] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return [database];
  } catch (cause) {
    database?.close();
    const errcode = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0;
    if (errcode === SQLITE_BUSY) throw new ServiceError('STORE_IN_USE', 'stop the service first', { cause });
    if (DAMAGED.includes(errcode)) return [];
    throw cause;
  }
}

const SQLITE_BUSY = 5;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: readonly number[] = [11, 26];
/** What SQLite keeps beside a file. It applies a log that it finds, whichever file that was of. */
const SIDE_FILES = ['', '-wal', '-shm', '-journal'];

/** The files of the store, and what is left beside them, or of them. */
function putAside(directory: string, at: Date): void {
  const names = Object.values(STORE_FILES)
    .flatMap((name) => SIDE_FILES.map((side) => `${name}${side}`))
    .filter((name) => existsSync(join(directory, name)));
  if (names.length === 0) return;
  const aside = join(directory, `replaced-${at.toISOString().replaceAll(/[:.]/g, '-')}`);
  mkdirSync(aside, { mode: 0o700 });
  giveToOwner(directory, aside);
  for (const name of names) renameSync(join(directory, name), join(aside, name));
}

/** Who restores may be root, and the service another account: that of the folder. */
function giveToOwner(directory: string, path: string): void {
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

function forgetSignIns(file: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('DELETE FROM protocol; DELETE FROM challenge; DELETE FROM hand_off');
  } finally {
    database.close();
  }
}
