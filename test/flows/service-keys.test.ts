/**
 * The keys of a service as its operator meets them: processes that follow one ring, and starts that are refused.
 */
import { cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JSONWebKeySet } from 'jose';
import { stringify } from 'yaml';
import { generateKeys } from '../../src/keys-directory.ts';
import { runCommand } from '../support/command.ts';
import { freePorts } from '../support/free-ports.ts';
import { ServedService, ServeProcess } from '../support/served-service.ts';

describe('the keys of a service', function () {
  this.timeout(60_000);
  let service: ServedService;
  const others: ServeProcess[] = [];
  beforeEach(async () => {
    service = await ServedService.prepare({ workers: 1 });
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.end();
    await service.dispose();
  });

  const keysDirectory = (): string => join(service.directory, 'keys');
  const command = (...args: readonly string[]) =>
    runCommand([...args, '--config', join(service.directory, 'thiqa.yaml')]);
  const change = async (...args: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    const { code, stdout, stderr } = await command('keys', ...args);
    expect(code, stdout + stderr).to.equal(0);
    return JSON.parse(stdout);
  };
  const started = async (): Promise<ServeProcess> => {
    const running = service.serve();
    await running.logged('started');
    return running;
  };
  const stopped = async (running: ServeProcess): Promise<void> => {
    running.signal('SIGTERM');
    expect(await running.ended).to.equal(0);
  };
  const refuses = async (code: string, environment: Readonly<Record<string, string>> = {}): Promise<void> => {
    const outcome = await runCommand(['serve', '--config', join(service.directory, 'thiqa.yaml')], environment);
    expect(outcome.code, outcome.stdout + outcome.stderr).to.equal(78);
    expect(outcome.stderr).to.include(code);
    expect(outcome.stdout).to.not.include('"event":"started"');
  };

  describe('in two processes', () => {
    const startOther = async (): Promise<{ process: ServeProcess; port: number }> => {
      const [port, cardPort] = await freePorts(2);
      const { management: _, cardHost, ...settings } = service.settings;
      const file = join(service.directory, 'other.yaml');
      const listen = { host: '127.0.0.1', port };
      const otherCardHost = { ...(cardHost as object), listen: { host: '127.0.0.1', port: cardPort } };
      writeFileSync(file, stringify({ ...settings, listen, cardHost: otherCardHost }));
      const process = new ServeProcess(['serve', '--config', file]);
      others.push(process);
      await process.logged('started');
      return { process, port };
    };
    const kidsAt = async (port: unknown): Promise<readonly (string | undefined)[]> => {
      const answer = await fetch(`http://127.0.0.1:${port}/jwks`);
      return ((await answer.json()) as JSONWebKeySet).keys.map(({ kid }) => kid); // what the endpoint answers with
    };
    const portOfService = () => (service.settings.listen as { readonly port: number }).port;

    it('change over together, within seconds and without a signal', async () => {
      const [one, other] = [await started(), await startOther()];
      const [old] = await kidsAt(portOfService());
      const { kid } = await change('announce');
      await Promise.all([one.logged('keys'), other.process.logged('keys')]);
      expect(await kidsAt(portOfService())).to.deep.equal([old, kid]);
      expect(await kidsAt(other.port)).to.deep.equal([old, kid]);
      await change('activate', String(kid), '--early');
      await Promise.all([one.logged('keys', 2), other.process.logged('keys', 2)]);
      expect(await kidsAt(portOfService())).to.deep.equal([kid, old]);
      expect(await kidsAt(other.port)).to.deep.equal([kid, old]);
      const records = (await service.auditRecords()).filter(({ event }) => 'kid' in event && event.kid === kid);
      expect(records.map(({ event }) => event.type)).to.deep.equal(['key.announced', 'key.published', 'key.activated']);
    });

    it('go on when one is killed: the other publishes what was announced', async () => {
      const [one, other] = [await started(), await startOther()];
      await one.end();
      const { kid } = await change('announce');
      other.process.signal('SIGHUP');
      await other.process.logged('keys');
      expect(await kidsAt(other.port)).to.include(kid);
      const again = await started();
      expect(await kidsAt(portOfService())).to.deep.equal(await kidsAt(other.port));
      await stopped(again);
    });
  });

  it('are taken over from the keys directory once: afterwards its signing keys may go', async () => {
    await stopped(await started());
    for (const name of ['signing.jwks.json', 'cookie.keys.json']) rmSync(join(keysDirectory(), name));
    await started();
    const { status, body } = await service.redeem(await service.signIn());
    expect(status, body).to.equal(200);
    const imported = (await service.auditRecords()).filter(({ event }) => event.type === 'key.imported');
    expect(imported).to.have.length(2);
  });

  it('must be there at the first start: none is made silently', async () => {
    rmSync(join(keysDirectory(), 'signing.jwks.json'));
    await refuses('signing.jwks.json');
    rmSync(join(keysDirectory(), 'store.key'));
    await refuses('store.key');
  });

  it('open with the store key of the file, or of the environment, and with no other', async () => {
    await stopped(await started());
    const file = join(keysDirectory(), 'store.key');
    const right = readFileSync(file, 'utf8').trim();
    rmSync(file);
    await refuses('store.key');
    await generateKeys(keysDirectory());
    await refuses('STORE_KEY_CHANGED');
    const { code, stdout } = await command('keys', 'list');
    expect([code, stdout]).to.deep.equal([78, '']);
    const list = ['keys', 'list', '--config', join(service.directory, 'thiqa.yaml')];
    const withRight = await runCommand(list, { THIQA_KEYS__STORE_KEY: right });
    expect([withRight.code, withRight.stdout.trim().split('\n').length]).to.deep.equal([0, 2]);
    const quoting = await runCommand(list, { THIQA_KEYS__STORE_KEY: `${right}x` });
    expect(quoting.code).to.equal(78);
    expect(quoting.stderr).to.include('keys.storeKey').and.to.not.include(right);
  });

  it('are sealed with another store key while the service runs, which goes on and then starts with that one alone', async () => {
    const running = await started();
    const file = join(keysDirectory(), 'store.key');
    const next = join(keysDirectory(), 'store.key.next');
    expect(await change('reseal', '--next', next)).to.include({ verdict: 'resealed' });
    expect(statSync(next).mode & 0o777).to.equal(0o600);
    const { body } = await service.health();
    expect(body.checks.find(({ check }) => check === 'keys')).to.include({
      status: 'degraded',
      code: 'STORE_KEY_CHANGED',
    });
    expect((await service.redeem(await service.signIn())).status).to.equal(200);
    expect((await command('keys', 'announce')).code, 'with the former key').to.equal(78);
    expect(await change('reseal', '--next', next)).to.include({ verdict: 'unchanged' });
    await stopped(running);
    await refuses('STORE_KEY_CHANGED');
    renameSync(next, file);
    await started();
    expect((await service.health()).body.checks.some(({ check }) => check === 'keys')).to.equal(false);
    expect((await service.redeem(await service.signIn())).status).to.equal(200);
    const types = (await service.auditRecords()).map(({ event }) => event.type);
    expect(types.filter((type) => type === 'store-key.changed')).to.have.length(1);
    writeFileSync(next, 'short');
    const malformed = await command('keys', 'reseal', '--next', next);
    expect([malformed.code, malformed.stderr.includes('short')]).to.deep.equal([78, false]);
    expect((await command('keys', 'reseal', '--next', join(keysDirectory(), 'none', 'store.key'))).code).to.equal(78);
  });

  it('of subjects: another one is refused until it is accepted with its cost, on record; then the former one is', async () => {
    await stopped(await started());
    const file = join(keysDirectory(), 'subject.key');
    renameSync(file, `${file}.former`);
    await generateKeys(keysDirectory());
    await refuses('SUBJECT_KEY_CHANGED');

    const explained = await command('keys', 'accept-subject-key');
    expect(explained.code).to.equal(2);
    const { code, cost, recorded, present } = JSON.parse(explained.stdout);
    expect(code).to.equal('SUBJECT_KEY_CHANGED');
    expect(cost).to.include('every citizen');
    const unconfirmed = await command('keys', 'accept-subject-key', '--confirm', recorded);
    expect(unconfirmed.code).to.equal(2);
    await refuses('SUBJECT_KEY_CHANGED');

    expect(await change('accept-subject-key', '--confirm', present)).to.deep.equal({
      verdict: 'accepted',
      fingerprint: present,
    });
    await stopped(await started());
    expect(await change('accept-subject-key')).to.include({ verdict: 'unchanged' });
    renameSync(`${file}.former`, file);
    await refuses('SUBJECT_KEY_CHANGED');
    const events = (await service.auditRecords()).map(({ event }) => event);
    expect(events.filter(({ type }) => type.startsWith('subject-key.'))).to.deep.equal([
      { type: 'subject-key.recorded', fingerprint: recorded },
      { type: 'subject-key.accepted', fingerprint: present },
    ]);
  });

  it('of subjects: where another one was accepted, a process that runs with the former is failing', async () => {
    await started();
    expect((await service.health()).body.checks.filter(({ check }) => check === 'keys')).to.deep.equal([]);
    rmSync(join(keysDirectory(), 'subject.key'));
    await generateKeys(keysDirectory());
    const { present } = JSON.parse((await command('keys', 'accept-subject-key')).stdout);
    await change('accept-subject-key', '--confirm', present);
    const { status, body } = await service.health();
    expect([status, body.status]).to.deep.equal([503, 'failing']);
    expect(body.checks.filter(({ check }) => check === 'keys')).to.have.length(1);
    expect(body.checks.find(({ check }) => check === 'keys')).to.include({
      status: 'failing',
      code: 'SUBJECT_KEY_CHANGED',
    });
  });

  it('of another place do not open a backup that is restored there', async () => {
    await stopped(await started());
    const folder = join(service.directory, 'copy');
    expect((await command('backup', folder)).code).to.equal(0);
    const right = join(service.directory, 'right-keys');
    cpSync(keysDirectory(), right, { recursive: true });
    rmSync(keysDirectory(), { recursive: true });
    await generateKeys(keysDirectory());
    expect((await command('restore', folder, '--replace')).code).to.equal(0);
    await refuses('STORE_KEY_CHANGED');
    cpSync(join(right, 'store.key'), join(keysDirectory(), 'store.key'));
    await refuses('SUBJECT_KEY_CHANGED');
    cpSync(join(right, 'subject.key'), join(keysDirectory(), 'subject.key'));
    await stopped(await started());
  });
});
