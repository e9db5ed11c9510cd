/**
 * Writes of one turn share a transaction: each still succeeds or fails for itself, and none is told of before the commit.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import { type Database, openDatabase } from '../../src/store/sqlite/open-database.ts';

describe('grouped writes of a SQLite database', () => {
  let directory: string;
  let database: Database;
  const open = (): Promise<Database> =>
    openDatabase({
      file: join(directory, 'grouped.sqlite'),
      migrations: ['CREATE TABLE entry (id TEXT NOT NULL PRIMARY KEY) STRICT'],
      synchronous: 'NORMAL',
      lockTimeoutMs: 100,
      failure: 'STORE_UNAVAILABLE',
    });
  const write = (id: string): Promise<number> => {
    const insert = database.prepare('INSERT INTO entry (id) VALUES (:id)');
    return database.write(() => insert.run({ id }));
  };
  const ids = (from: Database): string[] =>
    from
      .prepare<{ id: string }>('SELECT id FROM entry ORDER BY id')
      .all({})
      .map(({ id }) => id);

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-grouped-'));
    database = await open();
  });
  afterEach(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  it('all stand once they are told of, for another connection too', async () => {
    expect(await Promise.all([write('a'), write('b'), write('c')])).to.deep.equal([1, 1, 1]);
    const other = await open();
    expect(ids(other)).to.deep.equal(['a', 'b', 'c']);
    other.close();
  });

  it('one that fails is refused with its code, and those beside it stand', async () => {
    const outcomes = await Promise.allSettled([write('a'), write('a'), write('b')]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    const [, refused] = outcomes;
    const reason: unknown = refused?.status === 'rejected' ? refused.reason : undefined;
    expect(reason).to.be.instanceOf(ServiceError).with.property('code', 'STORE_UNAVAILABLE');
    expect(ids(database)).to.deep.equal(['a', 'b']);
  });

  it('when SQLite ends the transaction with one, all are refused and none stands', async () => {
    const insert = database.prepare("INSERT OR ROLLBACK INTO entry (id) VALUES ('a')");
    const outcomes = await Promise.allSettled([write('a'), database.write(() => insert.run({})), write('b')]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    expect(ids(database)).to.deep.equal([]);
  });

  it('close completes those that wait', async () => {
    const written = Promise.all([write('a'), write('b')]);
    database.close();
    expect(await written).to.deep.equal([1, 1]);
    database = await open();
    expect(ids(database)).to.deep.equal(['a', 'b']);
  });
});
