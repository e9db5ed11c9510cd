/**
 * `thiqa serve` with several workers, as its operator and its citizens meet it: processes, signals, and sign-ins that go
 * on meanwhile. No request stays with a worker: each has a connection of its own.
 */
import { once } from 'node:events';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { runCommand } from '../support/command.ts';
import { databaseServerNeeds, startDatabaseServer } from '../support/database-server.ts';
import { discardDatabase, freshDatabase, MONGODB_URL } from '../support/mongo-database.ts';
import { type IssuedCode, type LogLine, ServedService, type ServeProcess } from '../support/served-service.ts';

describe('thiqa serve --workers', function () {
  this.timeout(90_000);
  let service: ServedService;
  let goesOn = false;
  beforeEach(async () => {
    service = await ServedService.prepare();
  });
  afterEach(async () => {
    goesOn = false;
    await service.dispose();
  });

  const started = async (...args: readonly string[]): Promise<ServeProcess> => {
    const running = service.serve(...args);
    await running.logged('started');
    return running;
  };
  const signInAndRedeem = async (): Promise<void> => {
    const { status, body } = await service.redeem(await service.signIn());
    if (status !== 200) throw new Error(body);
  };
  /** Signs in again and again, `parallel` citizens at once, until told to end. */
  const load = (parallel: number, work: () => Promise<void>) => {
    goesOn = true;
    const citizen = async (): Promise<void> => {
      while (goesOn) await work();
    };
    const done = Promise.all(Array.from({ length: parallel }, citizen));
    done.catch(() => undefined); // told by what follows
    return {
      /** What comes of `event`, or the first failure when that comes sooner. */
      until: <T>(event: Promise<T>): Promise<T> => Promise.race([event, done.then(() => event)]),
      end: async (): Promise<void> => {
        goesOn = false;
        await done;
      },
    };
  };
  const workersOf = (lines: readonly LogLine[]): unknown[] => [...new Set(lines.map(({ worker }) => worker))];

  it('spreads sign-ins over the workers', async () => {
    const running = await started('--workers', '2');
    const signingIn = load(6, signInAndRedeem);
    let requests = 40;
    while (workersOf(await signingIn.until(running.logged('request', requests))).length < 2) requests += 40;
    await signingIn.end();
    expect(workersOf(running.lines('request'))).to.have.members([1, 2]);
  });

  it('redeems at one worker what another issued, and needs no worker that hangs', async () => {
    const running = await started('--workers', '2');
    const code = await service.signIn();
    const consented = (): LogLine | undefined =>
      running.lines('request').find(({ route }) => route === '/auth/:uid/sign-in/consent');
    // A line may come later than the answer.
    while (consented() === undefined) await running.logged('request', running.lines('request').length + 1);
    let from = running.output.length;
    const issuing = consented()?.worker;
    const pid = Number(running.lines('worker-started').find(({ worker }) => worker === issuing)?.pid);
    process.kill(pid, 'SIGSTOP');
    try {
      expect((await service.redeem(code)).status).to.equal(200);
      const [redeemed] = await running.logged('request', 1, from);
      expect(redeemed).to.include({ route: '/token', worker: issuing === 1 ? 2 : 1 });
      from = running.output.length;
      for (let turn = 0; turn < 5; turn++) await signInAndRedeem();
      expect(workersOf(running.lines('request', from))).not.to.include(issuing);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('drains on SIGTERM, ends with 0, and records its start and its end once', async () => {
    const running = await started();
    const signingIn = load(3, signInAndRedeem);
    await signingIn.until(running.logged('request', 20));
    await signingIn.end();
    running.signal('SIGTERM');
    expect(await running.ended).to.equal(0);
    const types = (await service.auditRecords()).map(({ event }) => event.type);
    expect(types.filter((type) => type.startsWith('service.'))).to.deep.equal(['service.started', 'service.stopped']);
    expect(types.at(-1)).to.equal('service.stopped');
  });

  it('answers on SIGTERM what is under way', async () => {
    const running = await started();
    const codes = await Promise.all([service.signIn(), service.signIn(), service.signIn()]);
    const from = running.output.length;
    const answers = codes.map((code) => service.redeem(code));
    await running.logged('request', 1, from);
    running.signal('SIGTERM');
    // What was not accepted yet is refused as a whole: no answer, and no record of one.
    const issued = (await Promise.allSettled(answers)).filter(
      (answer) => answer.status === 'fulfilled' && answer.value.status === 200,
    ).length;
    expect(issued).to.be.at.least(1);
    expect(await running.ended).to.equal(0);
    const records = await service.auditRecords();
    expect(records.filter(({ event }) => event.type === 'assertion.issued')).to.have.length(issued);
  });

  /** Kills workers under load: each is replaced, no acknowledged record is lost, no code redeemed twice. */
  async function killWorkersUnderLoad(): Promise<void> {
    const running = await started();
    const outcomes: number[] = [];
    let acknowledged = 0;
    const redeemTwice = async (): Promise<void> => {
      let code: IssuedCode;
      try {
        code = await service.signIn();
      } catch {
        return; // cut off with the worker
      }
      const answers = await Promise.allSettled([service.redeem(code), service.redeem(code)]);
      const tokens = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.status === 200).length;
      outcomes.push(tokens);
      acknowledged += tokens;
    };
    const signingIn = load(4, redeemTwice);
    await running.logged('request', 40);
    for (const round of [1, 2]) {
      const victim = running.lines('worker-started').at(-1);
      process.kill(Number(victim?.pid), 'SIGKILL');
      await running.logged('worker-lost', round);
      await running.logged('worker-started', 2 + round);
    }
    const before = outcomes.length;
    const from = running.output.length;
    await running.logged('request', 60, from);
    await signingIn.end();

    expect(outcomes.slice(before).some((tokens) => tokens === 1)).to.equal(true);
    expect(outcomes.filter((tokens) => tokens > 1)).to.deep.equal([]);
    const issued = (await service.auditRecords()).filter(({ event }) => event.type === 'assertion.issued').length;
    expect(issued).to.be.at.least(acknowledged);
    const { status, body } = await service.health();
    expect({ status, health: body.status }).to.deep.equal({ status: 200, health: 'ok' });
  }

  it('replaces a worker that is killed under load: no acknowledged record is lost, no code redeemed twice', () =>
    killWorkersUnderLoad());

  const needs = MONGODB_URL === undefined ? databaseServerNeeds() : undefined;
  it(`does so on MongoDB${needs === undefined ? '' : ` (needs ${needs})`}`, async function () {
    if (needs !== undefined) return this.skip();
    const server = MONGODB_URL === undefined ? await startDatabaseServer() : undefined;
    const url = freshDatabase(MONGODB_URL ?? server?.url ?? '');
    try {
      await service.dispose();
      service = await ServedService.prepare({ store: url });
      await killWorkersUnderLoad();
      await service.dispose();
    } finally {
      if (server === undefined) await discardDatabase(url);
      await server?.stop();
    }
  });

  it('renews its workers on SIGHUP one by one, and no request fails meanwhile', async () => {
    const running = await started();
    const signingIn = load(3, signInAndRedeem);
    await signingIn.until(running.logged('request', 20));
    service.configure({ lifetimes: { idTokenSeconds: 77 }, workers: 3 });
    running.signal('SIGHUP');
    await signingIn.until(running.logged('reloaded'));
    const from = running.output.length;
    await signingIn.until(running.logged('request', 40, from));
    await signingIn.end();
    expect(running.lines('worker-ended').map(({ worker }) => worker)).to.have.members([1, 2]);
    expect(workersOf(running.lines('request', from))).to.have.members([3, 4, 5]);
    const { body } = await service.redeem(await service.signIn());
    const [, payload = ''] = String(JSON.parse(body).id_token).split('.');
    const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    expect(exp - iat).to.equal(77);
  });

  for (const [what, changes, code] of [
    ['with a problem', { issuer: 'not an origin' }, 'CONFIG_INVALID'],
    ['whose keys are not there', { keys: { directory: 'none' } }, 'KEYS_MISSING'],
  ] as const) {
    it(`leaves the workers as they are on SIGHUP with a configuration ${what}, and says so`, async () => {
      const running = await started();
      service.configure(changes);
      running.signal('SIGHUP');
      const [refused] = await running.logged('configuration-refused');
      expect(refused).to.have.nested.property('error.code', code);
      const from = running.output.length;
      await signInAndRedeem();
      expect(workersOf(running.lines('request', from))).to.satisfy((workers: unknown[]) =>
        workers.every((worker) => worker === 1 || worker === 2),
      );
      const { body } = await service.health();
      expect(body.status).to.equal('degraded');
      expect(body.checks.filter(({ status }) => status !== 'ok')).to.have.length(1);
      expect(body.checks.find(({ check }) => check === 'configuration')).to.include({ code });
      service.configure({});
      running.signal('SIGHUP');
      await running.logged('reloaded');
      expect((await service.health()).body.status).to.equal('ok');
    });
  }

  it('renews its workers on SIGHUP although one of them hangs, which then goes', async () => {
    service.configure({ drainSeconds: 1 });
    const running = await started();
    // The first of a start does what is done once.
    process.kill(Number(running.lines('worker-started')[0]?.pid), 'SIGSTOP');
    running.signal('SIGHUP');
    await running.logged('reloaded');
    expect(running.lines('worker-ended').map(({ worker }) => worker)).to.have.members([1, 2]);
    await signInAndRedeem();
    expect((await service.health()).body.status).to.equal('ok');
  });

  it('goes over to another store key on SIGHUP, once that stands in its place', async () => {
    const running = await started();
    const keys = join(service.directory, 'keys');
    const next = join(keys, 'store.key.next');
    const reseal = ['keys', 'reseal', '--next', next, '--config', join(service.directory, 'thiqa.yaml')];
    const { code, stderr } = await runCommand(reseal);
    expect(code, stderr).to.equal(0);
    await signInAndRedeem();
    expect((await service.health()).body.status).to.equal('degraded');
    running.signal('SIGHUP');
    const [refused] = await running.logged('configuration-refused');
    expect(refused).to.have.nested.property('error.code', 'STORE_KEY_CHANGED');
    await signInAndRedeem();
    renameSync(next, join(keys, 'store.key'));
    running.signal('SIGHUP');
    await running.logged('reloaded');
    await signInAndRedeem();
    expect((await service.health()).body.status).to.equal('ok');
  });

  it('leaves the workers as they are on SIGHUP when a change of trust cannot be recorded', async () => {
    const running = await started();
    const [document] = service.settings.documents as readonly object[];
    service.configure({ documents: [{ ...document, intermediates: [] }] });
    const audit = new DatabaseSync(join(service.directory, 'store', 'audit.sqlite'));
    audit.exec("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END");
    running.signal('SIGHUP');
    const refused = await running.logged('configuration-refused', 2);
    expect(refused[0]).to.have.nested.property('error.code', 'AUDIT_UNAVAILABLE');
    expect(refused[1]).to.have.nested.property('error.detail.refused', 'AUDIT_UNAVAILABLE');
    audit.exec('DROP TRIGGER full');
    audit.close();
    expect(running.lines('worker-started')).to.have.length(2);
    running.signal('SIGHUP');
    await running.logged('reloaded');
    const types = (await service.auditRecords()).map(({ event }) => event.type);
    expect(types.filter((type) => type.startsWith('trust.'))).to.deep.equal(['trust.removed']);
  });

  it('leaves everything as it is on SIGHUP when no worker answers, and is ready for the next signal', async () => {
    const running = await started();
    const pids = running.lines('worker-started').map(({ pid }) => Number(pid));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    running.signal('SIGHUP');
    const [refused] = await running.logged('configuration-refused');
    expect(refused).to.have.nested.property('error.code', 'WORKER_FAILED');
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    running.signal('SIGHUP');
    await running.logged('reloaded');
    await signInAndRedeem();
  });

  it('starts no worker any more on SIGTERM while it renews them', async () => {
    service.configure({ drainSeconds: 1 });
    const running = await started();
    // It is waited for at the end, so that there would be time to start another one.
    process.kill(Number(running.lines('worker-started')[1]?.pid), 'SIGSTOP');
    // And the first one is still to answer when the signal comes.
    const { port } = service.settings.listen as { port: number };
    const open = connect(port, '127.0.0.1').on('error', () => undefined);
    open.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(open, 'data');
    running.signal('SIGHUP');
    await running.logged('worker-started', 3);
    running.signal('SIGTERM');
    expect(await running.ended).to.equal(0);
    expect(running.lines('worker-started')).to.have.length(3);
    expect(running.output).to.not.include('configuration-refused').and.to.not.include('"reloaded"');
    const types = (await service.auditRecords()).map(({ event }) => event.type);
    expect(types.at(-1)).to.equal('service.stopped');
  });

  it('goes on when all workers are killed at one blow', async () => {
    const running = await started('--workers', '6');
    for (const { pid } of running.lines('worker-started')) process.kill(Number(pid), 'SIGKILL');
    await running.logged('worker-started', 12);
    await signInAndRedeem();
  });

  it('a worker that ends beside a configuration with a problem is replaced when that is mended', async () => {
    const running = await started();
    service.configure({ issuer: 'not an origin' });
    process.kill(Number(running.lines('worker-started')[0]?.pid), 'SIGKILL');
    const [, refused] = await running.logged('worker-lost', 2);
    expect(refused).to.have.nested.property('error.code', 'CONFIG_INVALID');
    await signInAndRedeem();
    service.configure({});
    running.signal('SIGHUP');
    await running.logged('reloaded');
    expect((await service.health()).body.status).to.equal('ok');
  });

  it('does not go on with another store when its own is gone, and does when that is back', async () => {
    const running = await started();
    const folder = join(service.directory, 'store');
    renameSync(folder, `${folder}.moved`);
    process.kill(Number(running.lines('worker-started')[0]?.pid), 'SIGKILL');
    const lost = await running.logged('worker-lost', 2);
    expect(lost[1]).to.have.nested.property('error.code', 'STORE_UNAVAILABLE');
    expect(existsSync(folder)).to.equal(false);
    // As a command may make one before a first start.
    await (await openSqliteStore({ directory: folder })).close();
    const from = running.output.length;
    const [another] = await running.logged('worker-lost', 1, from);
    expect(another?.error)
      .to.have.property('message')
      .that.matches(/this one is new/);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.moved`, folder);
    await running.logged('worker-started', 1, from);
    await signInAndRedeem();
  });

  it('is not well with a store that it can read and not write to, though nobody has tried', async () => {
    await started();
    const file = join(service.directory, 'store', 'thiqa.sqlite');
    renameSync(file, `${file}.moved`);
    const { status, body } = await service.health();
    expect(status).to.equal(503);
    expect(body.checks.find(({ check }) => check === 'store')).to.include({
      status: 'failing',
      code: 'STORE_UNAVAILABLE',
    });
    renameSync(`${file}.moved`, file);
    expect((await service.health()).body.status).to.equal('ok');
  });

  it('ends on SIGTERM while a worker is on its way, without waiting for more than that', async () => {
    const running = service.serve('--workers', '2');
    await running.logged('worker-started');
    running.signal('SIGTERM');
    const toldAt = performance.now();
    expect(await running.ended).to.equal(0);
    expect(performance.now() - toldAt).to.be.lessThan(10_000);
    expect(running.lines('worker-ended')).to.have.length(2);
  });

  for (const workers of ['1', '2']) {
    it(`ends on SIGTERM within its deadline while it waits, at its start, for a CRL that does not come: ${workers}`, async () => {
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const host = `localhost:${(silent.address() as AddressInfo).port}`; // a TCP server that listens has this form
      const [document] = service.settings.documents as readonly object[];
      service.configure({
        documents: [{ ...document, crls: [`http://${host}/root.crl`, `http://${host}/issuing.crl`] }],
        revocation: { allowedHosts: [host], privateHosts: [host] },
        drainSeconds: 1,
      });
      const running = service.serve('--workers', workers);
      await once(silent, 'connection');
      const toldAt = performance.now();
      running.signal('SIGTERM');
      expect(await running.ended).to.equal(0);
      silent.close();
      expect(performance.now() - toldAt).to.be.lessThan(15_000);
      const events = (await service.auditRecords()).map(({ event }) => event.type);
      expect(events).to.not.include.oneOf(['service.started', 'service.stopped']);
    });
  }

  for (const workers of ['1', '2']) {
    it(`a SIGHUP that comes while it waits for its store at its start ends nothing: ${workers}`, async () => {
      const audit = new DatabaseSync(join(service.directory, 'store', 'audit.sqlite'));
      audit.exec('BEGIN IMMEDIATE');
      const running = service.serve('--workers', workers);
      await running.logged('first-start');
      running.signal('SIGHUP');
      audit.exec('ROLLBACK');
      audit.close();
      await running.logged('started');
      await signInAndRedeem();
    });
  }

  it('says once which port is taken, and starts nothing', async () => {
    const other = createServer();
    const { port } = service.settings.listen as { port: number };
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const running = service.serve();
    expect(await running.ended).to.equal(78);
    other.close();
    const lines = running.output.trim().split('\n');
    expect(lines.filter((line) => !line.includes('"event":"first-start"'))).to.have.length(1);
    expect(running.output).to.match(/port \d+ of the issuer/);
  });

  it('says once which address is none of this machine, and starts nothing', async () => {
    service.configure({ listen: { host: '203.0.113.7', port: 4000 } });
    const running = service.serve();
    expect(await running.ended).to.equal(78);
    expect(running.output).to.match(/port 4000 of the issuer on 203\.0\.113\.7 cannot be opened \(EADDRNOTAVAIL\)\n$/);
  });

  it('ends, and says why, where a worker meets at its start what nobody foresaw', async () => {
    const unforeseen = `import cluster from 'node:cluster'; import { Server } from 'node:net';
      if (cluster.isWorker) Server.prototype.listen = () => { throw new TypeError('unforeseen'); };`;
    const running = service.serveWith([`--import=data:text/javascript,${encodeURIComponent(unforeseen)}`]);
    expect(await running.ended).to.equal(1);
    expect(running.output).to.include('TypeError: unforeseen').and.to.include('WORKER_FAILED');
  });

  it('cuts its workers off at a second signal', async () => {
    const running = await started();
    const code = await service.signIn();
    running.signal('SIGTERM');
    running.signal('SIGINT');
    expect(await running.ended).to.be.oneOf([0, 1]);
    // Nobody listens any more: all workers are gone.
    const failure = await service.redeem(code).catch((error: NodeJS.ErrnoException) => error);
    expect(failure).to.have.property('code', 'ECONNREFUSED');
  });

  it('leaves no worker behind when the process that looks after them is killed', async () => {
    const running = await started();
    const code = await service.signIn();
    running.signal('SIGKILL');
    // Until the pipes close, which the workers hold too.
    await running.ended;
    const failure = await service.redeem(code).catch((error: NodeJS.ErrnoException) => error);
    expect(failure).to.have.property('code', 'ECONNREFUSED');
  });

  it('refuses a number of workers that is none', async () => {
    for (const text of ['0', '65', 'many', '1.5']) {
      const running = service.serve('--workers', text);
      expect(await running.ended, text).to.equal(1);
      expect(running.output).to.include('the number of workers is from 1 to 64');
    }
    service.configure({ workers: 0 });
    const running = service.serve();
    expect(await running.ended).to.equal(78);
    expect(running.output).to.include('workers');
  });
});
