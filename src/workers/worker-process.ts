/**
 * A worker as the primary sees it: a process that is started, told what to do, asked, and seen to end.
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { type Code, ConfigurationError, ServiceError, type ThiqaError } from '../errors.ts';
import type { HealthReport } from '../operations/health.ts';
import type { Failure, Order, Report } from './messages.ts';

/** How a worker ended. */
export interface WorkerEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly livedMs: number;
  /** On the clock of `performance.now`. */
  readonly endedAtMs: number;
  /** What the worker said of it. */
  readonly failure: ThiqaError | undefined;
}

const LAST_REPORT_MS = 250;

type Answer = Extract<Report, { readonly question: number }>;

export class WorkerProcess {
  readonly #worker: Worker;
  readonly #startedAt = performance.now();
  readonly #composed = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly #answers = new Map<number, (answer: Answer | undefined) => void>();
  #questions = 0;
  #failure: ThiqaError | undefined;
  #isServing = false;
  #isDismissed = false;

  constructor() {
    this.#worker = cluster.fork();
    // Only `worker.ts` has the other end of the channel.
    this.#worker.on('message', (report: Report) => this.#hear(report));
    this.#worker.on('error', () => undefined); // a message to a process that has just ended; its end is what counts
    const exit = Promise.withResolvers<readonly [number | null, string | null]>();
    const disconnect = Promise.withResolvers<void>();
    this.#worker.once('exit', (...how: [number | null, string | null]) => exit.resolve(how));
    this.#worker.once('disconnect', () => disconnect.resolve());
    // A report may still be on its way when the process is gone; with the channel closed, all were heard. A channel that
    // was cut while it passed a connection on may never say that it is closed.
    void exit.promise.then(async ([code, signal]) => {
      await Promise.race([disconnect.promise, setTimeout(LAST_REPORT_MS)]);
      this.#end(code, signal);
    });
    // Whoever waits for a step hears of it; for a worker that nobody waits for, `ended` tells.
    this.#composed.promise.catch(() => undefined);
    this.#started.promise.catch(() => undefined);
  }

  get id(): number {
    return this.#worker.id;
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  /** Its listeners are open, and it was not told to end. */
  get isServing(): boolean {
    return this.#isServing && !this.#isDismissed;
  }

  /** It was told to end. */
  get isDismissed(): boolean {
    return this.#isDismissed;
  }

  /** Resolves when everything is wired. Rejects with what kept the worker from it. */
  get composed(): Promise<void> {
    return this.#composed.promise;
  }

  get ended(): Promise<WorkerEnd> {
    return this.#ended.promise;
  }

  /** Resolves when the worker serves. Rejects with what kept it from that. */
  async open(): Promise<void> {
    if (!this.#isDismissed) this.#send({ order: 'open' });
    await this.#started.promise;
  }

  takeSharedWork(): void {
    this.#send({ order: 'take-shared-work' });
  }

  /** Undefined when the worker does not answer in time. */
  async reload(withinMs: number): Promise<{ readonly refused?: Code } | undefined> {
    const answer = await this.#ask('reload', withinMs);
    return answer?.report === 'reloaded' ? answer : undefined;
  }

  /** Undefined when the worker does not answer in time. */
  async health(withinMs: number): Promise<HealthReport | undefined> {
    const answer = await this.#ask('health', withinMs);
    return answer?.report === 'health' ? answer.health : undefined;
  }

  /** Orders the worker to end, and cuts it off after `withinMs`. */
  async dismiss(order: 'retire' | 'stop', withinMs: number): Promise<WorkerEnd> {
    this.#isDismissed = true;
    // Before that, nobody hears the order; one that never comes so far has ended, or is cut off.
    this.composed.then(
      () => this.#send({ order }),
      () => undefined,
    );
    const deadline = globalThis.setTimeout(() => this.kill(), withinMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(deadline);
    }
  }

  kill(): void {
    this.#isDismissed = true;
    this.#worker.process.kill('SIGKILL');
  }

  /** Undefined when the worker ends, or does not answer in time: one that hangs holds up nobody. */
  async #ask(order: 'reload' | 'health', withinMs: number): Promise<Answer | undefined> {
    const question = ++this.#questions;
    const answer = new Promise<Answer | undefined>((resolve) => {
      this.#answers.set(question, resolve);
      this.#send({ order, question });
    });
    return Promise.race([answer, setTimeout(withinMs, undefined, { ref: false })]);
  }

  #send(order: Order): void {
    // One that has ended hears nothing, and its end is told of elsewhere.
    if (this.#worker.isConnected()) this.#worker.send(order);
  }

  #hear(report: Report): void {
    switch (report.report) {
      case 'composed':
        this.#composed.resolve();
        break;
      case 'started':
        this.#isServing = true;
        this.#started.resolve();
        break;
      case 'failed':
        this.#failure = errorOf(report);
        break;
      default:
        this.#answers.get(report.question)?.(report);
        this.#answers.delete(report.question);
    }
  }

  #end(exitCode: number | null, signal: string | null): void {
    this.#isServing = false;
    const endedAtMs = performance.now();
    const end: WorkerEnd = {
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      livedMs: endedAtMs - this.#startedAt,
      endedAtMs,
      failure: this.#failure,
    };
    const reason = this.#failure ?? workerFailed(end);
    this.#composed.reject(reason);
    this.#started.reject(reason);
    for (const answer of this.#answers.values()) answer(undefined);
    this.#answers.clear();
    this.#ended.resolve(end);
  }
}

/** For a worker that said nothing of its end. */
export function workerFailed({ exitCode, signal }: Pick<WorkerEnd, 'exitCode' | 'signal'>): ServiceError {
  const how = signal === undefined ? `with exit code ${exitCode}` : `by ${signal}`;
  return new ServiceError('WORKER_FAILED', `a worker process ended ${how}`, { detail: { exitCode, signal } });
}

function errorOf(failure: Failure): ThiqaError {
  const { message, detail } = failure;
  return failure.kind === 'configuration'
    ? new ConfigurationError(failure.code, message, { detail })
    : new ServiceError(failure.code, message, { detail });
}
