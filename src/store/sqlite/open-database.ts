/**
 * One SQLite database file: opened, brought to this program's schema, and spoken to only through statements whose
 * every failure is a coded error.
 *
 * Write-ahead logging lets several processes read while one writes; a writer waits for its turn up to the lock timeout.
 * Calls are synchronous: nothing else of this process runs between the steps of a transaction. Writes that come close
 * together share one (`quiet-turn.ts`).
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';
import { openedFile } from './opened-file.ts';
import { afterQuietTurn } from './quiet-turn.ts';
import {
  type DatabaseFailure,
  isOfKind,
  SQLITE_BUSY,
  SQLITE_CORRUPT,
  SQLITE_NOTADB,
  translated,
} from './sqlite-failure.ts';

export interface DatabaseOptions {
  readonly file: string;
  readonly migrations: readonly string[];
  /**
   * NORMAL survives the death of the process; a power failure may undo the last commits, never more than that.
   * FULL has each commit on disk before the call returns.
   */
  readonly synchronous: 'NORMAL' | 'FULL';
  readonly lockTimeoutMs: number;
  /** The code of every failure of this database. */
  readonly failure: DatabaseFailure;
}

/**
 * 32 MiB of log: most pages are written many times before they are copied into the database, and the wait for the disk
 * that a copy takes comes more rarely.
 */
const CHECKPOINT_PAGES = 8_000;
/**
 * Keys are random, so that each insertion meets other pages of the indexes; what lives for minutes only fits in here, and
 * the system keeps the rest. A log is written at its end.
 */
const CACHE_KIBIBYTES = { NORMAL: 16 * 1024, FULL: 2 * 1024 };

export type Values = Record<string, SQLInputValue>;

/** A prepared statement with named parameters. */
export interface Statement<Row> {
  first(values: Values): Row | undefined;
  all(values: Values): Row[];
  /** How many rows changed. */
  run(values: Values): number;
}

/** Rejects with ServiceError STORE_SCHEMA_NEWER, or the `failure` code when the file cannot be opened. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { file, migrations, synchronous, lockTimeoutMs, failure } = options;
  let database: Database | undefined;
  try {
    database = translated(failure, () => {
      // Created by us, so that nobody but the service's own account can read it; SQLite gives its side files this mode.
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const isInPlace = openedFile(file, 0o600);
      return new Database(new DatabaseSync(file, { enableForeignKeyConstraints: true }), failure, isInPlace);
    });
    await useWriteAheadLog(database, lockTimeoutMs);
    database.execute(`PRAGMA busy_timeout = ${lockTimeoutMs}; PRAGMA synchronous = ${synchronous}`);
    database.execute(`PRAGMA cache_size = -${CACHE_KIBIBYTES[synchronous]}`);
    // A log that grows makes each commit dearer that must be on disk, so FULL keeps SQLite's own, shorter one.
    if (synchronous === 'NORMAL') database.execute(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    migrate(database, migrations);
    database.requireSound();
    return database;
  } catch (error) {
    database?.close();
    if (!(error instanceof ServiceError) || error.code !== failure) throw error;
    const { message, detail, cause } = error;
    throw new ServiceError(failure, `${file}: ${message}`, { detail, cause });
  }
}

interface WaitingWrite {
  /** Runs the statement; what it returns tells the caller of it, after the commit. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

export class Database {
  readonly #connection: DatabaseSync;
  readonly #failure: DatabaseFailure;
  readonly #isInPlace: () => boolean;
  /** What SQLite met once in the file will be met again, by some statements and not by others. */
  #isDamaged = false;
  #waiting: WaitingWrite[] = [];

  /** @param isInPlace whether others find at its place the file that is open here */
  constructor(connection: DatabaseSync, failure: DatabaseFailure, isInPlace: () => boolean) {
    this.#connection = connection;
    this.#failure = failure;
    this.#isInPlace = isInPlace;
  }

  /** `Row` names the columns that the statement returns; STRICT tables vouch for their types. */
  prepare<Row = never>(sql: string): Statement<Row> {
    const statement = this.#translated(() => this.#connection.prepare(sql));
    // Runs to the end even where one row is wanted: only the last step of a DELETE ... RETURNING commits it, and
    // StatementSync.get stops before that step and does not report that it failed.
    const all = (values: Values): Row[] => this.#translated(() => statement.all(values) as Row[]);
    return {
      all,
      first: (values) => all(values)[0],
      run: (values) => this.#translated(() => Number(statement.run(values).changes)),
    };
  }

  execute(sql: string): void {
    this.#translated(() => this.#connection.exec(sql));
  }

  /** @throws ServiceError the `failure` code: what is written now would be lost, or stand among what is */
  requireSound(): void {
    if (this.#isDamaged) {
      throw new ServiceError(
        this.#failure,
        'the database file is damaged: it is read as far as it can be, not written',
      );
    }
    if (this.#translated(this.#isInPlace)) return;
    throw new ServiceError(this.#failure, 'the database file was moved, removed or replaced since it was opened');
  }

  /** Runs `work` while no other process writes; what it wrote stands whole or not at all. */
  transaction<T>(work: () => T): T {
    this.requireSound();
    this.execute('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.execute('COMMIT');
      return result;
    } catch (error) {
      // SQLite ends a transaction by itself after some failures, such as a full disk.
      if (this.#connection.isTransaction) this.execute('ROLLBACK');
      throw error;
    }
  }

  /** A transaction that is on disk before it returns, in a database that is NORMAL otherwise. */
  durably<T>(work: () => T): T {
    this.execute('PRAGMA synchronous = FULL');
    try {
      return this.transaction(work);
    } finally {
      this.execute('PRAGMA synchronous = NORMAL');
    }
  }

  /**
   * Runs `work`, one statement, together with what else is asked for about the same time: one transaction, so one
   * commit, and each promise settles only after it. A statement that fails concerns its own caller alone, unless
   * SQLite ended the transaction with it.
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) {
        afterQuietTurn(
          () => this.#waiting.length,
          () => this.#writeWaiting(),
        );
      }
      this.#waiting.push({
        run: () => {
          const result = work();
          return () => resolve(result);
        },
        reject,
      });
    });
  }

  #writeWaiting(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    const [first] = writes;
    if (first === undefined) return;
    try {
      this.requireSound();
      const settle = writes.length === 1 ? [first.run()] : this.transaction(() => this.#runEach(writes));
      for (const each of settle) each();
    } catch (error) {
      for (const { reject } of writes) reject(error);
    }
  }

  #runEach(writes: readonly WaitingWrite[]): (() => void)[] {
    return writes.map(({ run, reject }) => {
      try {
        return run();
      } catch (error) {
        // What ran before is undone, and what follows would stand outside of any transaction.
        if (!this.#connection.isTransaction) throw error;
        return () => reject(error);
      }
    });
  }

  /** Completes the writes that wait. */
  close(): void {
    this.#writeWaiting();
    if (this.#connection.isOpen) this.#translated(() => this.#connection.close());
  }

  #translated<T>(action: () => T): T {
    try {
      return translated(this.#failure, action);
    } catch (error) {
      this.#isDamaged ||= isOfKind(error, SQLITE_CORRUPT, SQLITE_NOTADB);
      throw error;
    }
  }
}

const RETRY_MS = 10;

/**
 * The one step that SQLite's own lock timeout does not cover: processes that create the file together each hold a
 * shared lock that the others' change of the journal mode needs gone, so SQLite refuses at once. Trying again helps.
 */
async function useWriteAheadLog(database: Database, lockTimeoutMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      return database.execute('PRAGMA journal_mode = WAL');
    } catch (error) {
      if (!isOfKind(error, SQLITE_BUSY) || waitedMs >= lockTimeoutMs) throw error;
    }
    await setTimeout(RETRY_MS);
  }
}

function migrate(database: Database, migrations: readonly string[]): void {
  const userVersion = database.prepare<{ user_version: number }>('PRAGMA user_version');
  const currentVersion = (): number => userVersion.first({})?.user_version ?? 0;
  // Nothing to do, so no write: whoever only reads needs neither a turn among writers nor room on the disk.
  if (currentVersion() === migrations.length) return;
  // Read again inside the transaction: of two processes that start at once, the second finds the work done.
  database.transaction(() => {
    const version = currentVersion();
    if (version > migrations.length) {
      throw new ServiceError('STORE_SCHEMA_NEWER', 'the database was written by a newer version of this program', {
        detail: { version, supported: migrations.length },
      });
    }
    for (const migration of migrations.slice(version)) database.execute(migration);
    database.execute(`PRAGMA user_version = ${migrations.length}`);
  });
}
