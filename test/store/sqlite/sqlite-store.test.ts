/**
 * What is particular to SQLite: its files, its schema versions, and its ways to fail.
 */

import { copyFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { ServiceError } from '../../../src/errors.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { auditEvent, code, EXPIRY, NOW } from '../records.ts';

describe('SQLite store', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thiqa-sqlite-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  /** Speaks to one of the files behind the store's back. */
  function behindItsBack<T>(file: 'thiqa.sqlite' | 'audit.sqlite', work: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(join(directory, file));
    try {
      return work(database);
    } finally {
      database.close();
    }
  }

  async function refused(errorCode: string, promise: Promise<unknown>): Promise<ServiceError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ServiceError).with.property('code', errorCode);
    return error as ServiceError; // the line above made sure
  }

  describe('files', () => {
    it('are created with their directory, readable by the account of the service alone', async () => {
      const nested = join(directory, 'not', 'there', 'yet');
      const store = await openSqliteStore({ directory: nested });
      const modes = [];
      for (const name of ['thiqa.sqlite', 'audit.sqlite', 'audit.sqlite-wal', 'audit.sqlite-shm']) {
        modes.push((await stat(join(nested, name))).mode & 0o777);
      }
      await store.close();
      expect(modes).to.deep.equal([0o600, 0o600, 0o600, 0o600]);
    });

    it('of this version open again', async () => {
      await (await openSqliteStore({ directory })).close();
      await (await openSqliteStore({ directory })).close();
    });

    it('that another process is creating are waited for', async () => {
      const creator = new DatabaseSync(join(directory, 'thiqa.sqlite'));
      creator.exec('BEGIN EXCLUSIVE');
      const opening = openSqliteStore({ directory });
      creator.exec('ROLLBACK');
      creator.close();
      await (await opening).close();
    });

    it('that are none of SQLite are refused with their place and the reason', async () => {
      await (await openSqliteStore({ directory })).close();
      const file = join(directory, 'thiqa.sqlite');
      await writeFile(file, 'x'.repeat(100));
      const error = await refused('STORE_UNAVAILABLE', openSqliteStore({ directory }));
      expect(error.message).to.equal(`${file}: SQLite could not read or write: file is not a database`);
    });

    it('that cannot be made are refused with their place and the reason', async () => {
      await writeFile(join(directory, 'file'), '');
      const opening = openSqliteStore({ directory: join(directory, 'file', 'store') });
      const error = await refused('STORE_UNAVAILABLE', opening);
      expect(error.message).to.match(/file\/store: SQLite could not read or write: ENOTDIR$/);
    });

    for (const file of ['thiqa.sqlite', 'audit.sqlite'] as const) {
      it(`that another process holds for good are refused: ${file}`, async () => {
        const holder = new DatabaseSync(join(directory, file));
        holder.exec('BEGIN EXCLUSIVE');
        const errorCode = file === 'audit.sqlite' ? 'AUDIT_UNAVAILABLE' : 'STORE_UNAVAILABLE';
        await refused(errorCode, openSqliteStore({ directory, lockTimeoutMs: 0 }));
        holder.close();
      });

      it(`written by a newer version are refused: ${file}`, async () => {
        await (await openSqliteStore({ directory })).close();
        behindItsBack(file, (database) => database.exec('PRAGMA user_version = 1000'));
        const error = await refused('STORE_SCHEMA_NEWER', openSqliteStore({ directory }));
        expect(error.detail).to.have.property('version', 1000);
      });
    }

    const losses: Readonly<Record<string, (file: string) => Promise<void>>> = {
      removed: (file) => rm(file),
      'moved away': (file) => rename(file, `${file}.moved`),
      replaced: async (file) => {
        await copyFile(file, `${file}.copy`);
        await rename(`${file}.copy`, file);
      },
    };
    for (const [loss, lose] of Object.entries(losses)) {
      it(`that were ${loss} since they were opened take nothing more, for nobody would find it`, async () => {
        const store = await openSqliteStore({ directory });
        const log = new AuditLog(store.audit, () => NOW);
        await log.append(auditEvent('a'));
        await lose(join(directory, 'audit.sqlite'));
        await refused('AUDIT_UNAVAILABLE', log.append(auditEvent('b')));
        await store.protocol.put(code('c'));
        await lose(join(directory, 'thiqa.sqlite'));
        await refused('STORE_UNAVAILABLE', store.protocol.put(code('d')));
        await refused('STORE_UNAVAILABLE', Promise.all([store.protocol.put(code('d')), store.protocol.put(code('e'))]));
        await refused('STORE_UNAVAILABLE', store.notBefore.raise(1));
        await store.close();
      });
    }

    it('of which one is found to be damaged are read as far as they can be, and written no more', async () => {
      const ids = Array.from({ length: 200 }, (_, number) => `code-${number}`);
      const written = await openSqliteStore({ directory });
      for (const id of ids) await written.protocol.put({ ...code(id), payload: { filled: 'x'.repeat(1000) } });
      await written.close();
      const file = join(directory, 'thiqa.sqlite');
      const content = await readFile(file);
      await writeFile(file, content.fill(0xff, content.length / 2, content.length / 2 + 8192));

      const store = await openSqliteStore({ directory });
      const add = () => store.rateLimits.add('address', 1, NOW, EXPIRY);
      expect(await add(), 'the damage is elsewhere').to.have.property('points', 1);
      const find = (id: string) => store.protocol.find('AuthorizationCode', { id }, NOW);
      const found = await Promise.allSettled(ids.map(find));
      const damaged = found.filter(({ status }) => status === 'rejected');
      expect(damaged).to.have.length.above(0).and.below(ids.length);
      await refused('STORE_UNAVAILABLE', add());
      await refused('STORE_UNAVAILABLE', store.protocol.put(code('another')));
      await refused('STORE_UNAVAILABLE', store.sweep(EXPIRY));
      expect(await Promise.allSettled(ids.map(find))).to.have.deep.members(found);
      await new AuditLog(store.audit, () => NOW).append(auditEvent('a')); // another file
      await store.close();
    });

    it('that are back at their place take what is new', async () => {
      const store = await openSqliteStore({ directory });
      const log = new AuditLog(store.audit, () => NOW);
      const file = join(directory, 'audit.sqlite');
      await rename(file, `${file}.moved`);
      await refused('AUDIT_UNAVAILABLE', log.append(auditEvent('a')));
      await rename(`${file}.moved`, file);
      await log.append(auditEvent('b'));
      expect(await log.verify()).to.have.property('sequence', 1);
      await store.close();
    });

    for (const name of ['thiqa.sqlite', 'audit.sqlite']) {
      it(`of which one was lost are refused, and it is not made anew: ${name}`, async () => {
        const store = await openSqliteStore({ directory });
        await new AuditLog(store.audit, () => NOW).append(auditEvent('a'));
        await store.close();
        await rm(join(directory, name));
        const error = await refused('STORE_UNAVAILABLE', openSqliteStore({ directory }));
        expect(error.message).to.match(new RegExp(`has no ${name}$`));
        expect(await readdir(directory)).not.to.include(name);
      });
    }

    it('are made by processes that start at once, each of which finds the store', async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, () => openSqliteStore({ directory })));
      for (const store of stores) await store.close();
    });

    it('are not made where they must be there', async () => {
      const nested = join(directory, 'lost');
      await refused('STORE_UNAVAILABLE', openSqliteStore({ directory: nested, create: false }));
      expect(await readdir(directory)).to.deep.equal([]);
      await (await openSqliteStore({ directory: nested })).close();
      await (await openSqliteStore({ directory: nested, create: false })).close();
    });

    it('that are no databases are refused', async () => {
      await (await openSqliteStore({ directory })).close();
      await writeFile(join(directory, 'thiqa.sqlite'), 'not a database, though longer than an empty file '.repeat(100));
      const error = await refused('STORE_UNAVAILABLE', openSqliteStore({ directory }));
      expect(error.cause).to.be.instanceOf(Error);
    });

    it('are not created where a file stands in the way of the directory', async () => {
      await writeFile(join(directory, 'file'), '');
      await refused('STORE_UNAVAILABLE', openSqliteStore({ directory: join(directory, 'file') }));
    });
  });

  describe('audit', () => {
    async function withThreeRecords<T>(work: (log: AuditLog) => Promise<T>): Promise<T> {
      const store = await openSqliteStore({ directory, lockTimeoutMs: 0 });
      try {
        const log = new AuditLog(store.audit, () => NOW);
        for (const clientId of ['a', 'b', 'c']) await log.append(auditEvent(clientId));
        return await work(log);
      } finally {
        await store.close();
      }
    }

    it('three records as they were appended hold', async () => {
      await withThreeRecords(async (log) => expect(await log.verify()).to.have.property('sequence', 3));
    });

    const tampering = {
      'a changed event': `UPDATE audit SET event = replace(event, '"b"', '"x"') WHERE sequence = 2`,
      'a changed time': 'UPDATE audit SET at = at + 1 WHERE sequence = 2',
      'a time outside the calendar': 'UPDATE audit SET at = 9000000000000000 WHERE sequence = 2',
      'a changed hash': `UPDATE audit SET hash = replace(hash, substr(hash, 1, 4), 'beef') WHERE sequence = 2`,
      'an event that is not JSON': `UPDATE audit SET event = '{"type":' WHERE sequence = 2`,
      'an event with a lone surrogate': `UPDATE audit SET event = '{"type":"\\ud800"}' WHERE sequence = 2`,
      'a removed record': 'DELETE FROM audit WHERE sequence = 2',
    };
    for (const [what, sql] of Object.entries(tampering)) {
      it(`finds ${what}, and names the record`, async () => {
        await withThreeRecords(async (log) => {
          behindItsBack('audit.sqlite', (database) => {
            database.exec('DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete');
            expect(database.prepare(sql).run().changes).to.equal(1);
          });
          const error = await refused('AUDIT_BROKEN', log.verify());
          expect(error.detail).to.deep.equal({ sequence: 2 });
        });
      });
    }

    it('refuses a change or a removal by mistake', async () => {
      await withThreeRecords(async () => {
        for (const sql of ['UPDATE audit SET at = 0', 'DELETE FROM audit']) {
          expect(() => behindItsBack('audit.sqlite', (database) => database.exec(sql))).to.throw('append-only');
        }
      });
    });

    it('an append that cannot get the lock is refused, and the next one continues the chain', async () => {
      await withThreeRecords(async (log) => {
        const holder = new DatabaseSync(join(directory, 'audit.sqlite'));
        holder.exec('BEGIN IMMEDIATE');
        const error = await refused('AUDIT_UNAVAILABLE', log.append(auditEvent('d')));
        holder.exec('ROLLBACK');
        holder.close();
        expect(error.cause).to.be.instanceOf(Error);
        expect(await log.append(auditEvent('e'))).to.have.property('sequence', 4);
      });
    });

    it('an append that cannot be written is refused, and every append beside it', async () => {
      await withThreeRecords(async (log) => {
        behindItsBack('audit.sqlite', (database) => database.exec('DROP TABLE audit'));
        await Promise.all(['d', 'e'].map((clientId) => refused('AUDIT_UNAVAILABLE', log.append(auditEvent(clientId)))));
      });
    });

    it('when the insert fails the whole transaction is undone', async () => {
      await withThreeRecords(async (log) => {
        behindItsBack('audit.sqlite', (database) =>
          database.exec(
            `CREATE TRIGGER full BEFORE INSERT ON audit WHEN new.sequence = 5
             BEGIN SELECT raise(ABORT, 'no space left'); END`,
          ),
        );
        await Promise.all(['d', 'e'].map((clientId) => refused('AUDIT_UNAVAILABLE', log.append(auditEvent(clientId)))));
        expect(await log.verify()).to.have.property('sequence', 3);
      });
    });
  });

  describe('failures', () => {
    it("carry the cause and SQLite's number, and nothing of the payload", async () => {
      const store = await openSqliteStore({ directory });
      behindItsBack('thiqa.sqlite', (database) => database.exec('DROP TABLE protocol'));
      const error = await refused(
        'STORE_UNAVAILABLE',
        store.protocol.put({ ...code('c'), payload: { name: 'Fatima' } }),
      );
      await store.close();
      expect(error.cause).to.be.instanceOf(Error);
      expect(error.detail).to.have.property('errcode');
      expect(`${error.message} ${error.cause}`).not.to.contain('Fatima');
    });

    it('of a payload that is not JSON do not quote it', async () => {
      const store = await openSqliteStore({ directory });
      await store.protocol.put(code('c'));
      behindItsBack('thiqa.sqlite', (database) => database.exec(`UPDATE protocol SET payload = 'Fatima'`));
      const error = await refused('STORE_UNAVAILABLE', store.protocol.find('AuthorizationCode', { id: 'c' }, NOW));
      await store.close();
      expect(`${error.message} ${error.cause}`).not.to.contain('Fatima');
    });

    it('an invalid expiry is a mistake of the program, never "does not expire"', async () => {
      const store = await openSqliteStore({ directory });
      const put = store.protocol.put({ ...code('c'), expiresAt: new Date(Number.NaN) });
      const error = await put.catch((reason: unknown) => reason);
      const found = await store.protocol.find('AuthorizationCode', { id: 'c' }, EXPIRY);
      await store.close();
      expect(error).to.be.instanceOf(TypeError);
      expect(found).to.equal(undefined);
    });
  });
});
