/**
 * The whole service, as `thiqa demo` runs it, on free ports and in a folder of its own: for flow, browser and security
 * tests. Its domain clock can be moved; oidc-provider, which has none, keeps the time of day. The store is SQLite in that
 * folder, or a fresh database on the MongoDB server that THIQA_STORE names.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import type { ServiceOptions } from '../../src/compose.ts';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import {
  type DemonstrationOptions,
  type RunningDemonstration,
  startDemonstration,
} from '../../src/demo/demonstration.ts';
import type { SoftwareCard } from '../../src/demo/page-exchange.ts';
import { runEach } from '../../src/service.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { freePorts } from './free-ports.ts';
import { openLogFile } from './log-file.ts';
import { discardDatabase, freshDatabase } from './mongo-database.ts';

export interface TestService extends RunningDemonstration {
  readonly directory: string;
  /** Everything that the service wrote to its log. */
  logText(): string;
  /** Moves the clock of the domain, in seconds from now. */
  advance(seconds: number): void;
  card(id: CardId): SoftwareCard;
  readonly tlsRootPem: string;
  readonly cardPort: number;
  /** One more handle on the store of the service, as another process would have. */
  openStore(): Promise<Store>;
  /** Every audit record so far. */
  auditRecords(): Promise<readonly AuditRecord[]>;
  /** Stops the service and removes its folder. */
  dispose(): Promise<void>;
}

/**
 * @param options.schedule in place of the timers that renew CRLs
 * @param options.limits the section of the configuration; none unless told
 * @param options.profiles files of further profiles, whose documents the same authority issues
 * @param options.sandbox what the section of the configuration has beside virtual cards
 * @param options.server the address of a MongoDB server; that of THIQA_STORE unless told
 */
export async function startTestService({
  schedule,
  limits,
  profiles,
  sandbox,
  server = process.env.THIQA_STORE,
}: Pick<ServiceOptions, 'schedule'> &
  Pick<DemonstrationOptions, 'limits' | 'profiles' | 'sandbox'> & {
    readonly server?: string | undefined;
  } = {}): Promise<TestService> {
  const directory = mkdtempSync(join(tmpdir(), 'thiqa-'));
  const database = server === undefined ? undefined : freshDatabase(server);
  const open = () =>
    openStore(
      database === undefined
        ? { kind: 'sqlite', directory: join(directory, 'store') }
        : { kind: 'mongodb', url: database },
    );
  const logFile = openLogFile(join(directory, 'service.log'));
  const [issuerPort, cardPort, portalPort] = await freePorts(3);
  let advanced = 0;
  const running = await startDemonstration({
    directory,
    issuerPort,
    cardPort,
    portalPort,
    store: database,
    log: logFile.log,
    clock: () => new Date(Date.now() + advanced * 1000),
    schedule,
    limits,
    profiles,
    sandbox,
  });
  const { demonstration } = running;
  return {
    ...running,
    directory,
    cardPort,
    logText: logFile.text,
    advance: (seconds) => {
      advanced += seconds;
    },
    card(id) {
      const card = demonstration.cards.find((candidate) => candidate.id === id);
      if (card === undefined) throw new TypeError(`the demonstration has no card ${id}`);
      return { certificatePem: readFileSync(card.certificatePath, 'utf8'), keyPem: readFileSync(card.keyPath, 'utf8') };
    },
    tlsRootPem: readFileSync(demonstration.tlsRoot.certificatePath, 'utf8'),
    openStore: open,
    async auditRecords() {
      const store = await open();
      try {
        return await store.audit.read(0, 10_000);
      } finally {
        await store.close();
      }
    },
    async dispose() {
      await runEach([
        () => running.stop(),
        () => logFile.close(),
        () => database !== undefined && discardDatabase(database),
        () => rmSync(directory, { recursive: true, force: true }),
      ]);
    },
  };
}
