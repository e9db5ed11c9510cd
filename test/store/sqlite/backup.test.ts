import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { AuditLog, type AuditStore } from '../../../src/audit/audit-log.ts';
import { ServiceError } from '../../../src/errors.ts';
import { backUpSqliteStore } from '../../../src/store/sqlite/backup.ts';
import { restoreSqliteStore } from '../../../src/store/sqlite/restore.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { auditEvent, challenge, code, handOff, NOW, portal } from '../records.ts';

const FILES = ['audit.sqlite', 'thiqa.sqlite'];

describe('a backup of the SQLite store', () => {
  let place: string;
  let directory: string;
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), 'thiqa-backup-'));
    directory = join(place, 'store');
    folder = join(place, 'backup');
    store = await openSqliteStore({ directory });
    await store.portals.put(portal('passport-renewal'));
    await append('1');
  });
  afterEach(async () => {
    await store.close();
    rmSync(place, { recursive: true });
  });

  const append = (id: string) => new AuditLog(store.audit, () => NOW).append(auditEvent(id));
  const verifyAudit = async (audit: AuditStore): Promise<void> => {
    await new AuditLog(audit, () => NOW).verify();
  };
  const backUp = (to = folder): Promise<void> => backUpSqliteStore(directory, to, NOW, verifyAudit);
  const restore = (replace = false, to = directory) =>
    restoreSqliteStore({ directory: to, folder, at: NOW, replace, verifyAudit });
  const refused = (action: () => Promise<unknown>, code: ServiceError['code']) =>
    expectRefusal(action, ServiceError, code);
  const recordsOf = async (of: Store): Promise<number> => (await of.audit.read(0, 100)).length;

  it('is made while the service writes, and restored is the store as it was then', async () => {
    await backUp();
    await append('2');
    await store.portals.put(portal('taxes'));
    const elsewhere = join(place, 'elsewhere');
    expect(await restore(false, elsewhere)).to.have.property('at', NOW.toISOString());
    const restored = await openSqliteStore({ directory: elsewhere });
    try {
      expect((await restored.portals.list()).map(({ clientId }) => clientId)).to.deep.equal(['passport-renewal']);
      expect(await recordsOf(restored)).to.equal(1);
      await new AuditLog(restored.audit, () => NOW).append(auditEvent('next'));
      expect(await recordsOf(restored)).to.equal(2);
    } finally {
      await restored.close();
    }
  });

  it('is for the eyes of its owner, and has no side files', async () => {
    await backUp();
    expect(readdirSync(folder).sort()).to.deep.equal(['audit.sqlite', 'backup.json', 'thiqa.sqlite']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).to.equal(0);
    expect(statSync(folder).mode & 0o077).to.equal(0);
  });

  it('never overwrites another', async () => {
    await backUp();
    await refused(() => backUp(), 'STORE_EXISTS');
  });

  it('of no store is refused, and leaves none that could be taken for one', async () => {
    const nowhere = join(place, 'nowhere');
    await refused(() => backUpSqliteStore(nowhere, folder, NOW, verifyAudit), 'STORE_UNAVAILABLE');
    await refused(() => restore(true), 'BACKUP_BROKEN');
  });

  it('of an audit log that does not verify is not completed, and leaves nothing in the way of the next', async () => {
    breakChain(join(directory, 'audit.sqlite'));
    await refused(backUp, 'AUDIT_BROKEN');
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('into a place that is no folder is refused by a sentence that names it', async () => {
    writeFileSync(folder, '');
    const error = await refused(backUp, 'STORE_UNAVAILABLE');
    expect(error.message).to.include(folder).and.to.include('EEXIST');
  });

  it('brings nothing back that could be used a second time', async () => {
    await store.protocol.put(code('code-1'));
    await store.challenges.put(challenge('challenge-1'));
    await store.handOffs.put(handOff('hand-off-1'));
    await backUp();
    await store.close();
    await restore(true);
    store = await openSqliteStore({ directory });
    expect(await store.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.equal(undefined);
    expect(await store.challenges.take('challenge-1')).to.equal(undefined);
    expect(await store.handOffs.take('hand-off-1')).to.equal(undefined);
    expect(await store.portals.list()).to.have.lengthOf(1);
  });

  for (const [kept, mode] of [
    ['that nobody may write to', 0o444],
    ['that everybody may read', 0o644],
  ] as const) {
    it(`${kept} is restored as a store that the service alone reads and writes`, async () => {
      await backUp();
      for (const name of FILES) chmodSync(join(folder, name), mode);
      const elsewhere = join(place, 'elsewhere');
      await restore(false, elsewhere);
      for (const name of FILES) expect(statSync(join(elsewhere, name)).mode & 0o777, name).to.equal(0o600);
    });
  }

  const needs = process.getuid?.() === 0 ? undefined : 'root';
  it(`that root restores belongs to the account of the folder, and so does what is put aside${needs ? ` (needs ${needs})` : ''}`, async function () {
    if (needs !== undefined) return this.skip();
    const [uid, gid] = [1234, 2345];
    await backUp();
    await store.close();
    chownSync(directory, uid, gid);
    await restore(true);
    for (const name of readdirSync(directory)) {
      const { uid: owner, gid: group } = statSync(join(directory, name));
      expect([owner, group], name).to.deep.equal([uid, gid]);
    }
    expect(readdirSync(directory)).to.have.lengthOf(FILES.length + 1);
    store = await openSqliteStore({ directory });
  });

  it('is not restored over a store unless that is meant, and then the store is kept aside', async () => {
    await backUp();
    await append('2');
    await store.close();
    await refused(() => restore(), 'STORE_EXISTS');
    await restore(true);
    const aside = readdirSync(directory).filter((name) => name.startsWith('replaced-'));
    expect(aside).to.have.lengthOf(1);
    expect(readdirSync(join(directory, aside[0] ?? '')).sort()).to.deep.equal(FILES);
    const old = await openSqliteStore({ directory: join(directory, aside[0] ?? '') });
    expect(await recordsOf(old)).to.equal(2);
    await old.close();
    store = await openSqliteStore({ directory });
    expect(await recordsOf(store)).to.equal(1);
  });

  for (const damage of ['no database', 'a database with a page of nothing'] as const) {
    it(`is restored over a store that is damaged, ${damage}, when that is meant`, async () => {
      await backUp();
      await store.close();
      const file = join(directory, 'thiqa.sqlite');
      const content = readFileSync(file);
      writeFileSync(file, damage === 'no database' ? 'x'.repeat(8192) : content.fill(0, 100, 8192));
      await refused(() => restore(), 'STORE_EXISTS');
      await restore(true);
      store = await openSqliteStore({ directory });
      expect(await store.portals.list()).to.have.lengthOf(1);
    });
  }

  it('is restored beside the log of a file that is gone: SQLite would apply it to the restored one', async () => {
    await backUp();
    await store.protocol.put(code('code-1'));
    cpSync(join(directory, 'thiqa.sqlite-wal'), join(place, 'left'));
    await store.close();
    for (const name of FILES) rmSync(join(directory, name));
    cpSync(join(place, 'left'), join(directory, 'thiqa.sqlite-wal'));
    await restore();
    store = await openSqliteStore({ directory });
    expect(await store.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.equal(undefined);
    expect(await store.portals.list()).to.have.lengthOf(1);
  });

  for (const [moment, inPlace] of [
    ['the store was put aside', []],
    ['the record was put in place', ['audit.sqlite']],
  ] as const) {
    it(`leaves, where the restore broke off after ${moment}, no place for a new store, and is restored again`, async () => {
      await backUp();
      await store.close();
      mkdirSync(join(directory, 'replaced-earlier'));
      for (const name of FILES) {
        renameSync(join(directory, name), join(directory, 'replaced-earlier', name));
        cpSync(join(folder, name), join(directory, inPlace.some((one) => one === name) ? name : `${name}.restoring`));
      }
      await refused(() => openSqliteStore({ directory }), 'STORE_UNAVAILABLE');
      await restore(inPlace.length > 0);
      store = await openSqliteStore({ directory });
      expect(await recordsOf(store)).to.equal(1);
    });
  }

  it('is not restored while a service has the store open, though it does nothing', async () => {
    await backUp();
    await refused(() => restore(true), 'STORE_IN_USE');
    expect(readdirSync(directory).filter((name) => /restoring|replaced/.test(name))).to.deep.equal([]);
    await append('2');
    expect(await recordsOf(store)).to.equal(2);
  });

  describe('that is damaged is not restored, and the store stays', () => {
    beforeEach(async () => {
      await backUp();
      await store.close();
    });
    afterEach(async () => {
      store = await openSqliteStore({ directory });
      expect(await recordsOf(store)).to.equal(1);
    });

    for (const name of FILES) {
      it(`${name} changed`, async () => {
        appendFileSync(join(folder, name), 'x');
        await refused(() => restore(true), 'BACKUP_BROKEN');
      });
      it(`${name} absent`, async () => {
        rmSync(join(folder, name));
        await refused(() => restore(true), 'BACKUP_BROKEN');
      });
    }
    it('the manifest absent: it was not completed', async () => {
      rmSync(join(folder, 'backup.json'));
      await refused(() => restore(true), 'BACKUP_BROKEN');
    });
    it('the audit log does not verify, though the manifest agrees', async () => {
      rmSync(folder, { recursive: true });
      const altered = join(place, 'altered');
      cpSync(directory, altered, { recursive: true });
      breakChain(join(altered, 'audit.sqlite'));
      await backUpSqliteStore(altered, folder, NOW, async () => undefined);
      await refused(() => restore(true), 'AUDIT_BROKEN');
    });
    it('it is of a newer version of this program', async () => {
      rmSync(folder, { recursive: true });
      const newer = join(place, 'newer');
      cpSync(directory, newer, { recursive: true });
      alter(join(newer, 'thiqa.sqlite'), 'PRAGMA user_version = 1000');
      await refused(() => backUpSqliteStore(newer, folder, NOW, verifyAudit), 'STORE_SCHEMA_NEWER');
    });
  });

  function breakChain(file: string): void {
    alter(file, "DROP TRIGGER audit_no_update; UPDATE audit SET hash = 'x' WHERE sequence = 1");
  }
  function alter(file: string, sql: string): void {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  }
});
