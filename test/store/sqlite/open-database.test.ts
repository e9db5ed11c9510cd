import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { type Database, openDatabase } from '../../../src/store/sqlite/open-database.ts';

describe('openDatabase', () => {
  let directory: string;
  let database: Database;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thiqa-database-'));
  });

  afterEach(async () => {
    database.close();
    await rm(directory, { recursive: true });
  });

  // https://www.sqlite.org/pragma.html#pragma_synchronous
  const levels = { NORMAL: 1, FULL: 2 } as const;
  for (const [synchronous, level] of Object.entries(levels) as ['NORMAL' | 'FULL', number][]) {
    it(`writes ahead, and syncs as told: ${synchronous}`, async () => {
      database = await open(['CREATE TABLE person (name TEXT) STRICT'], synchronous);
      expect(database.prepare('PRAGMA synchronous').first({})).to.include({ synchronous: level });
      expect(database.prepare('PRAGMA journal_mode').first({})).to.include({ journal_mode: 'wal' });
      expect(database.prepare('PRAGMA busy_timeout').first({})).to.include({ timeout: 1234 });
      expect(database.prepare('PRAGMA foreign_keys').first({})).to.include({ foreign_keys: 1 });
    });
  }

  it('brings a file of an earlier version to this one, and keeps what is in it', async () => {
    const first = 'CREATE TABLE person (name TEXT) STRICT';
    const second = "ALTER TABLE person ADD COLUMN language TEXT NOT NULL DEFAULT 'ar'";
    database = await open([first]);
    database.execute("INSERT INTO person VALUES ('x')");
    database.close();
    database = await open([first, second]);
    expect(
      database
        .prepare('SELECT * FROM person')
        .all({})
        .map((row) => ({ ...(row as object) })),
    ).to.deep.equal([{ name: 'x', language: 'ar' }]);
    expect(database.prepare('PRAGMA user_version').first({})).to.include({ user_version: 2 });
  });

  it('a file of this version is opened without a write: another one may be writing, or the disk be full', async () => {
    const migrations = ['CREATE TABLE person (name TEXT) STRICT'];
    (await open(migrations)).close();
    const writer = new DatabaseSync(join(directory, 'test.sqlite'));
    writer.exec('BEGIN IMMEDIATE');
    try {
      database = await open(migrations);
      expect(database.prepare('SELECT * FROM person').all({})).to.deep.equal([]);
    } finally {
      writer.close();
    }
  });

  it('a migration that fails leaves the file as it was', async () => {
    const first = 'CREATE TABLE person (name TEXT) STRICT';
    database = await open([first]);
    database.close();
    const failed = await open([first, 'CREATE TABLE other (a TEXT) STRICT; CREATE TABLE other (a TEXT) STRICT']).catch(
      (error: unknown) => error,
    );
    expect(failed).to.have.property('code', 'STORE_UNAVAILABLE');
    database = await open([first]);
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all({})).to.have.length(1);
  });

  function open(migrations: readonly string[], synchronous: 'NORMAL' | 'FULL' = 'NORMAL'): Promise<Database> {
    const file = join(directory, 'test.sqlite');
    return openDatabase({ file, migrations, synchronous, lockTimeoutMs: 1234, failure: 'STORE_UNAVAILABLE' });
  }
});
