/**
 * The Store on SQLite, in two files of one directory: `thiqa.sqlite` for what the service works with, `audit.sqlite`
 * for what must be on disk before an answer leaves. Several processes may have them open at once.
 */
import { join } from 'node:path';
import type { Store } from '../store.ts';
import { sqliteAuditStore } from './audit-store.ts';
import { sqliteChallengeStore } from './challenge-store.ts';
import { sqliteCitizenStore } from './citizen-store.ts';
import { toMilliseconds } from './columns.ts';
import { sqliteConsentStore } from './consent-store.ts';
import { sqliteHandOffStore } from './hand-off-store.ts';
import { sqliteKeyRingStore } from './key-ring-store.ts';
import { sqliteLogoutNoticeStore } from './logout-notice-store.ts';
import { sqliteNotBeforeStore } from './not-before-store.ts';
import { sqliteOcspAnswerStore } from './ocsp-answer-store.ts';
import { type Database, openDatabase } from './open-database.ts';
import { sqlitePortalStore } from './portal-store.ts';
import { sqliteProtocolStore } from './protocol-store.ts';
import { sqliteRateLimitStore } from './rate-limit-store.ts';
import { AUDIT_MIGRATIONS, STORE_MIGRATIONS } from './schema.ts';
import { sqliteStandingStore } from './standing-store.ts';
import { allowStoreFiles, requireStoreFiles, STORE_FILES } from './store-files.ts';
import { sqliteTrustStore } from './trust-store.ts';

export interface SqliteStoreOptions {
  readonly directory: string;
  /** Whether one is made, readable by this account only, in a folder that has none and lost none; true unless told. */
  readonly create?: boolean;
  /** How long a writer waits for another process; 5 seconds unless told. */
  readonly lockTimeoutMs?: number;
}

/** Rejects with ServiceError STORE_SCHEMA_NEWER, STORE_UNAVAILABLE or AUDIT_UNAVAILABLE. */
export async function openSqliteStore({
  directory,
  create = true,
  lockTimeoutMs = 5000,
}: SqliteStoreOptions): Promise<Store> {
  if (create) allowStoreFiles(directory);
  else requireStoreFiles(directory);
  const database = await openDatabase({
    file: join(directory, STORE_FILES.store),
    migrations: STORE_MIGRATIONS,
    synchronous: 'NORMAL',
    lockTimeoutMs,
    failure: 'STORE_UNAVAILABLE',
  });
  try {
    const auditDatabase = await openDatabase({
      file: join(directory, STORE_FILES.audit),
      migrations: AUDIT_MIGRATIONS,
      synchronous: 'FULL',
      lockTimeoutMs,
      failure: 'AUDIT_UNAVAILABLE',
    });
    return storeOver(database, auditDatabase);
  } catch (error) {
    database.close();
    throw error;
  }
}

function storeOver(database: Database, auditDatabase: Database): Store {
  const audit = sqliteAuditStore(auditDatabase);
  return {
    protocol: sqliteProtocolStore(database),
    challenges: sqliteChallengeStore(database),
    handOffs: sqliteHandOffStore(database),
    portals: sqlitePortalStore(database),
    consents: sqliteConsentStore(database),
    citizens: sqliteCitizenStore(database),
    standings: sqliteStandingStore(database),
    notBefore: sqliteNotBeforeStore(database),
    trust: sqliteTrustStore(database),
    rateLimits: sqliteRateLimitStore(database),
    keyRing: sqliteKeyRingStore(database),
    ocspAnswers: sqliteOcspAnswerStore(database),
    logoutNotices: sqliteLogoutNoticeStore(database),
    audit,
    sweep: sweeper(database),
    async close() {
      audit.flush();
      auditDatabase.close();
      database.close();
    },
  };
}

const SWEPT_TABLES = [
  'protocol',
  'challenge',
  'hand_off',
  'citizen',
  'rate_limit',
  'ocsp_answer',
  'logout_notice',
] as const;
/** So few that nobody who waits for the write lock, or for this process, notices. */
const SWEEP_BATCH = 500;

function sweeper(database: Database): Store['sweep'] {
  const statements = SWEPT_TABLES.map((table) =>
    database.prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires_at <= :at LIMIT ${SWEEP_BATCH})`,
    ),
  );
  return async (at) => {
    const values = { at: toMilliseconds(at) };
    database.requireSound();
    let swept = 0;
    for (const statement of statements) {
      let deleted: number;
      do {
        deleted = statement.run(values);
        swept += deleted;
        await new Promise(setImmediate);
      } while (deleted === SWEEP_BATCH);
    }
    return swept;
  };
}
