/**
 * The primary process of a service with several workers: starts them, replaces one that ends, renews them one by one
 * with the configuration as it now is, and ends them. It serves no citizen and opens no key.
 *
 * At a start the first worker opens alone: what keeps it from that would keep all of them, and is told once. Later a
 * worker that cannot start leaves those that serve as they are.
 */
import cluster from 'node:cluster';
import type { Clock } from '../clock.ts';
import { type Code, ServiceError, ThiqaError } from '../errors.ts';
import type { HealthReport } from '../operations/health.ts';
import type { Log } from '../operations/log.ts';
import { joinHealth, type WorkerHealth } from '../operations/workers-health.ts';
import { RestartPolicy } from './restart-policy.ts';
import { type WorkerEnd, WorkerProcess, workerFailed } from './worker-process.ts';

export interface PrimarySettings {
  readonly workers: number;
  readonly drainSeconds: number;
}

export interface PrimaryParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly settings: PrimarySettings;
  /** As the configuration now stands. @throws ConfigurationError */
  readonly readSettings: () => PrimarySettings;
  /** Rejects with ServiceError when the record is not durable. */
  readonly record: (type: 'service.started' | 'service.stopped') => Promise<void>;
  /** Told when the service cannot go on: no worker is left, and none starts. */
  readonly giveUp: (error: ThiqaError) => void;
}

/** Beyond the drain: what a worker needs to close its store. */
const CLOSING_MS = 5000;
const HEALTH_ANSWER_MS = 5000;
/** Longer than a worker that is well takes to read the configuration and to record what changed. */
const RELOAD_ANSWER_MS = 30_000;

export class Primary {
  readonly #parts: PrimaryParts;
  readonly #policy = new RestartPolicy();
  #settings: PrimarySettings;
  #workers: readonly WorkerProcess[] = [];
  #sharing: WorkerProcess | undefined;
  #configurationRefused: { readonly at: Date; readonly code: Code } | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  /** Of the start of the service, once it is asked for. */
  #startRecord: Promise<void> | undefined;
  /** Workers are started and dismissed by one change at a time. */
  #changing: Promise<void> = Promise.resolve();

  constructor(parts: PrimaryParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    // Whoever is free takes the next connection from the system: nothing is handed over, which costs less, and a connection
    // that waits when a worker is killed is taken by another one.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    // Dates stay dates on the way.
    cluster.setupPrimary({ serialization: 'advanced' });
  }

  /** Resolves when all workers serve, or the service is told to end. Rejects, with none left, with what kept one of them from it. */
  async start(): Promise<void> {
    const { log, record } = this.#parts;
    try {
      await this.#inTurn(async () => {
        await this.#open(this.#fork());
        if (this.#isStopping) return;
        const others = Array.from({ length: this.#settings.workers - 1 }, () => this.#fork());
        for (const worker of others) await this.#open(worker);
      });
      if (this.#isStopping) return;
      this.#startRecord = record('service.started');
      await this.#startRecord;
    } catch (error) {
      if (this.#isStopping) return; // a worker that was told to end did not start
      this.#state = 'stopping';
      this.kill();
      await Promise.all(this.#workers.map(({ ended }) => ended));
      throw error;
    }
    if (this.#isStopping) return;
    this.#state = 'running';
    log.info('started', { workers: this.#settings.workers });
    void this.#inTurn(() => this.#replace()); // one may have ended meanwhile
  }

  /**
   * Renews the workers one by one: each new one serves before an old one goes. A configuration with problems, or one
   * that no worker can start with, leaves those that serve. Never rejects.
   */
  async reload(): Promise<void> {
    const { log, clock, readSettings } = this.#parts;
    await this.#inTurn(async () => {
      if (this.#isStopping) return;
      try {
        const settings = readSettings();
        await this.#renew(settings.workers);
        if (this.#isStopping) return;
        this.#settings = settings;
        this.#configurationRefused = undefined;
        log.info('reloaded', { workers: this.#settings.workers });
      } catch (error) {
        if (this.#isStopping) return; // a worker that was told to end did not start
        this.#configurationRefused = { at: clock(), code: error instanceof ThiqaError ? error.code : 'INTERNAL' };
        log.failure('configuration-refused', error);
      }
    });
  }

  /** Drains all workers at once, also those that are starting. Rejects with ServiceError AUDIT_UNAVAILABLE, with none left. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    const withinMs = this.#drainMs;
    await Promise.all(this.#workers.map((worker) => worker.dismiss('stop', withinMs)));
    if (this.#startRecord !== undefined) {
      await this.#startRecord.catch(() => undefined); // whoever starts the service is told
      await this.#parts.record('service.stopped');
    }
    this.#parts.log.info('stopped');
  }

  /** Ends all workers where they are. */
  kill(): void {
    for (const worker of this.#workers) worker.kill();
  }

  /** Of the whole service. Never rejects. */
  async health(): Promise<HealthReport> {
    const serving = this.#workers.filter(({ isServing }) => isServing);
    const workers = await Promise.all(
      serving.map(async (worker): Promise<WorkerHealth> => {
        return { worker: String(worker.id), report: await worker.health(HEALTH_ANSWER_MS) };
      }),
    );
    return joinHealth({
      at: this.#parts.clock(),
      wanted: this.#settings.workers,
      workers,
      configurationRefused: this.#configurationRefused,
    });
  }

  get #isStopping(): boolean {
    return this.#state === 'stopping';
  }

  /** Those that serve or are about to. */
  get #members(): readonly WorkerProcess[] {
    return this.#workers.filter(({ isDismissed }) => !isDismissed);
  }

  get #drainMs(): number {
    return this.#settings.drainSeconds * 1000 + CLOSING_MS;
  }

  async #renew(wanted: number): Promise<void> {
    const old = [...this.#members];
    const withinMs = this.#drainMs;
    for (let count = 0; count < wanted; count++) {
      // Who stops the service ends the workers that there are, and none comes after them.
      if (this.#isStopping) return;
      const worker = this.#fork();
      try {
        await worker.composed;
        if (count === 0) await this.#recordTrust();
        await this.#open(worker);
      } catch (error) {
        worker.kill();
        throw error;
      }
      await old.shift()?.dismiss('retire', withinMs);
      this.#assignSharedWork();
    }
    await Promise.all(old.map((worker) => worker.dismiss('retire', withinMs)));
    this.#assignSharedWork();
  }

  /**
   * A change of whom the service trusts is on record before the first worker relies on it: by the worker with the shared
   * work, which knows what it recorded before, or by another one where that hangs. @throws ServiceError WORKER_FAILED
   */
  async #recordTrust(): Promise<void> {
    const serving = this.#workers.filter(({ isServing }) => isServing);
    if (serving.length === 0) return; // as at a start
    const isSharing = (worker: WorkerProcess): boolean => worker === this.#sharing;
    const recorder =
      (await firstToAnswer(serving.filter(isSharing))) ??
      (await firstToAnswer(serving.filter((worker) => !isSharing(worker))));
    const answer = await recorder?.reload(RELOAD_ANSWER_MS);
    if (answer === undefined) {
      throw new ServiceError('WORKER_FAILED', 'no worker answers that could record a change of trust');
    }
    const { refused } = answer;
    if (refused === undefined) return;
    throw new ServiceError('WORKER_FAILED', `a worker could not go on with the configuration: ${refused}`, {
      detail: { refused },
    });
  }

  #fork(): WorkerProcess {
    const worker = new WorkerProcess();
    this.#workers = [...this.#workers, worker];
    void worker.ended.then((end) => this.#onEnd(worker, end));
    return worker;
  }

  async #open(worker: WorkerProcess): Promise<void> {
    await worker.composed;
    await worker.open();
    this.#parts.log.info('worker-started', { worker: worker.id, pid: worker.pid });
    this.#assignSharedWork();
  }

  /** One worker that serves does what must be done once. */
  #assignSharedWork(): void {
    if (this.#sharing?.isServing) return;
    this.#sharing = this.#workers.findLast(({ isServing }) => isServing);
    this.#sharing?.takeSharedWork();
  }

  #onEnd(worker: WorkerProcess, end: WorkerEnd): void {
    const { log, giveUp } = this.#parts;
    this.#workers = this.#workers.filter((other) => other !== worker);
    if (worker.isDismissed) log.info('worker-ended', { worker: worker.id });
    // Who starts the service tells of what keeps a worker from it.
    if (worker.isDismissed || this.#state !== 'running') return;
    const failure = end.failure ?? workerFailed(end);
    log.failure('worker-lost', failure, { worker: String(worker.id) });
    this.#assignSharedWork();
    const othersServing = this.#workers.filter(({ isServing }) => isServing).length;
    const { livedMs, endedAtMs } = end;
    const restart = this.#policy.decide({ livedMs, endedAtMs, othersServing });
    if (restart === 'give-up') {
      this.#state = 'stopping';
      this.kill();
      giveUp(failure);
      return;
    }
    setTimeout(() => void this.#inTurn(() => this.#replace()), restart.afterMs);
  }

  /** Rejects never: a replacement that fails is an end like any other. */
  async #replace(): Promise<void> {
    if (this.#isStopping || this.#members.length >= this.#settings.workers) return;
    const worker = this.#fork();
    await this.#open(worker).catch(() => worker.ended);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined); // whoever asked for the change is told
    return done;
  }
}

/** Undefined when none answers in time. */
function firstToAnswer(workers: readonly WorkerProcess[]): Promise<WorkerProcess | undefined> {
  const answering = workers.map(async (worker) => {
    if ((await worker.health(HEALTH_ANSWER_MS)) === undefined) throw new Error('no answer');
    return worker;
  });
  return Promise.any(answering).catch(() => undefined);
}
