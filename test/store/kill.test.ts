/**
 * kill -9 in the middle of load, of a process of the service and of the database: what was acknowledged stands, the hash
 * chain verifies, and nothing that was redeemed can be redeemed again. The kill comes after a number of acknowledgements,
 * not after a time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import type { Store } from '../../src/store/store.ts';
import { type DatabaseServer, databaseServerNeeds, startDatabaseServer } from '../support/database-server.ts';
import { STORE_FACTORIES, type StoreFactory } from './factories.ts';
import type { Acknowledgement } from './load-process.ts';
import { NOW } from './records.ts';

const SCRIPT = fileURLToPath(new URL('load-process.ts', import.meta.url));
const ENOUGH = 150;

for (const factory of STORE_FACTORIES) {
  describe(`kill -9 in the middle of load: ${factory.name}`, function () {
    this.timeout(60_000);
    const loads: Load[] = [];

    afterEach(async () => {
      for (const load of loads.splice(0)) await load.kill();
    });

    function startLoad(place: string, name: string): Load {
      const load = new Load(factory.name, place, name);
      loads.push(load);
      return load;
    }

    it(`of a process: nothing acknowledged is lost, and the others go on${pendingFor(factory)}`, async function () {
      if (factory.needs !== undefined) this.skip();
      const place = await factory.newPlace();
      const [killed, other] = [startLoad(place, 'killed'), startLoad(place, 'other')];
      await Promise.all([killed.acknowledged('audited', ENOUGH), other.acknowledged('audited', 1)]);
      await killed.kill();
      const before = other.count('audited');
      await other.acknowledged('audited', before + ENOUGH);
      await other.kill();
      // And one that begins where they were interrupted.
      const next = startLoad(place, 'next');
      await next.acknowledged('audited', ENOUGH);
      await next.kill();

      const store = await factory.open(place);
      await expectKept(store, loads);
      for (const load of loads) expect(load.count('failed')).to.equal(0);
      await store.close();
      await factory.discard(place);
    });

    if (factory.name === 'MongoDB') {
      const needs = databaseServerNeeds();
      it(`of the database: nothing acknowledged is lost, and the same process goes on when it is back${needs ? ` (needs ${needs})` : ''}`, async function () {
        if (needs !== undefined) this.skip();
        const server = await startDatabaseServer();
        try {
          await killDatabase(server);
        } finally {
          await server.stop();
        }
      });
    }

    async function killDatabase(server: DatabaseServer): Promise<void> {
      const load = startLoad(server.url, 'load');
      for (const round of [1, 2]) {
        await load.acknowledged('audited', load.count('audited') + ENOUGH);
        const failures = load.count('failed');
        await server.kill();
        await load.acknowledged('failed', failures + 1);
        await server.restart();
        await load.acknowledged('audited', load.count('audited') + round);
      }
      await load.kill();
      const codes = load.acknowledgements.flatMap((one) => (one.kind === 'failed' ? [one.code] : []));
      expect([...new Set(codes)]).to.satisfy((all: string[]) =>
        all.every((code) => code === 'STORE_UNAVAILABLE' || code === 'AUDIT_UNAVAILABLE'),
      );
      const store = await factory.open(server.url);
      await expectKept(store, loads);
      await store.close();
    }
  });
}

function pendingFor({ needs }: StoreFactory): string {
  return needs === undefined ? '' : ` (needs ${needs})`;
}

/** A running load-process.ts, and what it has acknowledged. */
class Load {
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #child: ChildProcess;
  readonly #drained: Promise<unknown>;
  #changed: () => void = () => undefined;

  constructor(store: string, place: string, name: string) {
    const child = spawn(process.execPath, [SCRIPT, store, place, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      // The last line of a process that was killed may be cut off: what is not whole was not told.
      if (line.endsWith('}')) this.acknowledgements.push(JSON.parse(line));
      this.#changed();
    });
    this.#child = child;
    this.#drained = once(lines, 'close').then(() => this.#changed());
  }

  count(kind: Acknowledgement['kind']): number {
    return this.acknowledgements.filter((one) => one.kind === kind).length;
  }

  /** Resolves when there are so many; rejects when the process ends before. */
  async acknowledged(kind: Acknowledgement['kind'], count: number): Promise<void> {
    while (this.count(kind) < count) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the load ended after ${this.count(kind)} of ${count} ${kind}`);
      }
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Resolves when everything that it told has been read. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#drained;
  }
}

async function expectKept(store: Store, loads: readonly Load[]): Promise<void> {
  const acknowledgements = loads.flatMap((load) => load.acknowledgements);
  const records = await readAll(store);
  const last = await new AuditLog(store.audit, () => NOW).verify();
  expect(last?.sequence).to.equal(records.size);
  const redeemed = new Set<string>();
  for (const one of acknowledgements) {
    if (one.kind === 'audited') expect(records.get(one.sequence)?.hash).to.equal(one.hash);
    if (one.kind !== 'redeemed') continue;
    expect(one.winners, one.id).to.equal(1);
    expect(redeemed.has(one.id), one.id).to.equal(false);
    redeemed.add(one.id);
    expect(await store.protocol.consume('AuthorizationCode', one.id, NOW), one.id).to.equal(false);
    const found = await store.protocol.find('AuthorizationCode', { id: one.id }, NOW);
    expect(found?.payload, one.id).to.have.property('consumed');
  }
  expect(redeemed.size).to.be.at.least(ENOUGH);
}

async function readAll(store: Store): Promise<ReadonlyMap<number, AuditRecord>> {
  const records = new Map<number, AuditRecord>();
  for (;;) {
    const page = await store.audit.read(records.size, 1000);
    for (const record of page) records.set(record.sequence, record);
    if (page.length === 0) return records;
  }
}
