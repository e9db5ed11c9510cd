/**
 * One worker: the service in a process beside others, which does what the primary orders. Signals are for the primary:
 * a terminal and a service manager send them to every process of the service.
 */
import { type Code, ConfigurationError, ServiceError, ThiqaError } from '../errors.ts';
import type { HealthReport } from '../operations/health.ts';
import type { Log } from '../operations/log.ts';
import type { Failure, Order, Report } from './messages.ts';

/** What a worker needs of the service. */
export interface WorkerService {
  start(): Promise<void>;
  /** @param options.gently what comes on open connections is still answered */
  stop(options?: { readonly gently?: boolean }): Promise<void>;
  /** Resolves with the code for which the configuration was refused. */
  reload(): Promise<Code | undefined>;
  health(): Promise<HealthReport>;
}

/** Everything wired, nothing listening yet. Rejects with what keeps the worker from it. */
export type ComposeWorker = (
  hasSharedWork: () => boolean,
) => Promise<{ readonly service: WorkerService; readonly log: Log }>;

const IGNORED_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Composes the service, opens it when told to, and obeys until the end of the process.
 * Rejects with what kept it from starting, unless the primary was told of that.
 */
export async function runWorker(compose: ComposeWorker): Promise<void> {
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => undefined);
  let hasSharedWork = false;
  const orders = receiveOrders();
  try {
    const { service, log } = await compose(() => hasSharedWork);
    await tell({ report: 'composed' });
    for await (const order of orders) {
      switch (order.order) {
        case 'open':
          await service.start();
          await tell({ report: 'started' });
          break;
        case 'take-shared-work':
          hasSharedWork = true;
          break;
        case 'reload': {
          const refused = await service.reload().catch((error: unknown) => {
            log.failure('reload', error);
            return error instanceof ThiqaError ? error.code : 'INTERNAL';
          });
          await tell({ report: 'reloaded', question: order.question, ...(refused !== undefined && { refused }) });
          break;
        }
        case 'health':
          await tell({ report: 'health', question: order.question, health: await service.health() });
          break;
        case 'retire':
        case 'stop':
          await service.stop({ gently: order.order === 'retire' });
          return process.exit(0);
      }
    }
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    await tell({ report: 'failed', ...failure });
    process.exit(1);
  }
}

/** One after the other, as they came. */
async function* receiveOrders(): AsyncGenerator<Order> {
  const waiting: Order[] = [];
  let wake = (): void => undefined;
  // Nobody but the primary has the other end of the channel.
  process.on('message', (order: Order) => {
    waiting.push(order);
    wake();
  });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

/** A primary that is gone needs no report: node:cluster ends its workers. */
function tell(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(report, undefined, undefined, () => resolve());
  });
}

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof ConfigurationError) {
    const { kind, code, message, detail } = error;
    return { kind, code, message, detail };
  }
  if (error instanceof ServiceError) {
    const { kind, code, message, detail } = error;
    return { kind, code, message, detail };
  }
  return undefined;
}
