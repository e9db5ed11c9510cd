/**
 * A backup of the SQLite store, made while the service runs, and read only when it is whole.
 *
 * Each file is one snapshot (VACUUM INTO reads in one transaction, and holds up no writer). The audit file comes last, so
 * that the record of the backup is never behind what the store says; the manifest comes after both: a folder without one
 * is no backup. `keys/` is not in it, and without the keys what is sealed in it stays closed.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import type { AuditStore } from '../../audit/audit-log.ts';
import { ServiceError } from '../../errors.ts';
import { syncToDisk } from '../../sync-to-disk.ts';
import { sqliteAuditStore } from './audit-store.ts';
import { Database } from './open-database.ts';
import { AUDIT_MIGRATIONS, STORE_MIGRATIONS } from './schema.ts';
import { sqliteFailure } from './sqlite-failure.ts';
import { STORE_FILES } from './store-files.ts';

const MANIFEST = 'backup.json';

/** SHA-256 of each file, lower-case hex, and when the backup was made, ISO 8601. */
export interface BackupManifest {
  readonly at: string;
  readonly files: Readonly<Record<keyof typeof STORE_FILES, string>>;
}

/** The audit log of a copy, to be verified. */
export type VerifyAudit = (audit: AuditStore) => Promise<void>;

/**
 * Copies the store of `directory` into `folder`, which must hold none, and verifies the copy.
 * Rejects with ServiceError STORE_EXISTS, STORE_UNAVAILABLE, BACKUP_BROKEN, or what `verifyAudit` rejects with.
 */
export async function backUpSqliteStore(
  directory: string,
  folder: string,
  at: Date,
  verifyAudit: VerifyAudit,
): Promise<void> {
  makeFolder(folder);
  const written = [...Object.values(STORE_FILES), MANIFEST].map((name) => join(folder, name));
  if (written.some((file) => existsSync(file)))
    throw new ServiceError('STORE_EXISTS', 'the folder of the backup holds one already');
  try {
    for (const name of [STORE_FILES.store, STORE_FILES.audit]) {
      const copy = join(folder, name);
      // Made by us, so that nobody else can read it even while it is written.
      closeSync(openSync(copy, 'wx', 0o600));
      withDatabase(join(directory, name), (source) => source.prepare('VACUUM INTO ?').run(copy));
      syncToDisk(copy);
    }
    const manifest = { at: at.toISOString(), files: await hashesOf(folder) };
    await verifyFiles(folder, verifyAudit);
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, {
      mode: 0o600,
      flush: true,
    });
    syncToDisk(folder);
  } catch (cause) {
    // The next attempt finds the folder as this one did.
    for (const file of written) rmSync(file, { force: true });
    throw cause instanceof ServiceError ? cause : sqliteFailure('STORE_UNAVAILABLE', cause);
  }
}

/** Rejects a place where there can be no folder, by the system's own word. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as Partial<NodeJS.ErrnoException>; // of node:fs
    throw new ServiceError('STORE_UNAVAILABLE', `${folder} is no folder and cannot be made one: ${code}`, { cause });
  }
}

/**
 * Reads a backup through: whole, undamaged, of a schema that this program knows, with an audit log that verifies.
 * Rejects with ServiceError BACKUP_BROKEN, STORE_SCHEMA_NEWER, or what `verifyAudit` rejects with.
 */
export async function verifyBackup(folder: string, verifyAudit: VerifyAudit): Promise<BackupManifest> {
  const manifest = readManifest(folder);
  const hashes = await hashesOf(folder);
  for (const part of ['store', 'audit'] as const) {
    if (hashes[part] !== manifest.files[part]) throw broken('a file of the backup is not the one that was written');
  }
  await verifyFiles(folder, verifyAudit);
  return manifest;
}

async function verifyFiles(folder: string, verifyAudit: VerifyAudit): Promise<void> {
  const supported = { store: STORE_MIGRATIONS.length, audit: AUDIT_MIGRATIONS.length };
  for (const part of ['store', 'audit'] as const) {
    withDatabase(join(folder, STORE_FILES[part]), (copy) => {
      if (copy.prepare('PRAGMA integrity_check').get()?.integrity_check !== 'ok')
        throw broken('a file of the backup is damaged');
      const version = Number(copy.prepare('PRAGMA user_version').get()?.user_version);
      if (version > supported[part])
        throw new ServiceError('STORE_SCHEMA_NEWER', 'the backup was written by a newer version of this program', {
          detail: { version, supported: supported[part] },
        });
      if (version < 1) throw broken('a file of the backup is no store');
    });
  }
  const connection = openReadOnly(join(folder, STORE_FILES.audit));
  try {
    await verifyAudit(sqliteAuditStore(new Database(connection, 'AUDIT_UNAVAILABLE', () => true)));
  } finally {
    connection.close();
  }
}

function withDatabase(file: string, use: (database: DatabaseSync) => void): void {
  const database = openReadOnly(file);
  try {
    use(database);
  } catch (cause) {
    throw cause instanceof ServiceError ? cause : sqliteFailure('STORE_UNAVAILABLE', cause);
  } finally {
    database.close();
  }
}

function openReadOnly(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true });
  } catch (cause) {
    throw sqliteFailure('STORE_UNAVAILABLE', cause);
  }
}

function readManifest(folder: string): BackupManifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
  } catch (cause) {
    throw broken('the folder holds no backup that was completed', cause);
  }
  const { at, files } = (value ?? {}) as Partial<BackupManifest>; // each member is looked at before it is relied on
  if (typeof at !== 'string' || typeof files?.store !== 'string' || typeof files.audit !== 'string')
    throw broken('the manifest of the backup is not of its form');
  return { at, files };
}

async function hashesOf(folder: string): Promise<BackupManifest['files']> {
  const hashOf = async (name: string): Promise<string> => {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(join(folder, name)), hash);
    } catch (cause) {
      throw broken('a file of the backup cannot be read', cause);
    }
    return hash.digest('hex');
  };
  return { store: await hashOf(STORE_FILES.store), audit: await hashOf(STORE_FILES.audit) };
}

function broken(message: string, cause?: unknown): ServiceError {
  return new ServiceError('BACKUP_BROKEN', message, cause === undefined ? {} : { cause });
}
