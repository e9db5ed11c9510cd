/**
 * `thiqa backup` and `thiqa restore` as an operator meets them, on each kind of store.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { startTestService, type TestService } from '../support/service.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

describe('the commands backup and restore', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  const run = (command: string, store: string) => {
    const configuration = ['--config', join(service.directory, 'thiqa.yaml')];
    const env = { PATH: process.env.PATH, THIQA_STORE: store };
    return spawnSync(process.execPath, [MAIN, ...command.split(' '), ...configuration], { env, encoding: 'utf8' });
  };

  for (const command of ['backup', 'restore']) {
    it(`${command}: refuses a store on MongoDB, names the tools of the server, and leaves no folder`, () => {
      const folder = join(service.directory, 'copy');
      const { status, stdout, stderr } = run(`${command} ${folder}`, 'mongodb://127.0.0.1:1/thiqa');
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.include('BACKUP_NOT_OURS').and.to.include('mongodump');
      expect(existsSync(folder)).to.equal(false);
    });
  }

  it('backup: copies a SQLite store, with a chain that verifies', async () => {
    const store = join(service.directory, 'another-store');
    await (await openSqliteStore({ directory: store })).close();
    const folder = join(service.directory, 'copy');
    const { status, stdout, stderr } = run(`backup ${folder}`, `sqlite:${store}`);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(JSON.parse(stdout)).to.include({ verdict: 'complete', records: 0 });
  });

  for (const command of ['audit verify', 'keys list', 'portal list', 'sessions end --everybody --reason incident']) {
    it(`${command}: a store that is not there is not in order, and not made`, () => {
      const store = join(service.directory, 'lost-store');
      const { status, stdout, stderr } = run(command, `sqlite:${store}`);
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.include('STORE_UNAVAILABLE').and.include('thiqa.sqlite');
      expect(existsSync(store)).to.equal(false);
    });
  }

  it('audit verify: a store without its record is not in order', async () => {
    const store = join(service.directory, 'half-store');
    await (await openSqliteStore({ directory: store })).close();
    expect(run('audit verify', `sqlite:${store}`).status).to.equal(0);
    rmSync(join(store, 'audit.sqlite'));
    expect(run('audit verify', `sqlite:${store}`).stderr)
      .to.include('STORE_UNAVAILABLE')
      .and.include('audit.sqlite');
  });
});
