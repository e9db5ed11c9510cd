/**
 * What the primary process and its workers say to each other, over the channel that node:cluster gives each worker.
 * Nothing of a citizen is ever in it: orders, and what an operator may know.
 */
import type { Code, ConfigurationCode, ServiceCode } from '../errors.ts';
import type { HealthReport } from '../operations/health.ts';

/** To a worker. `question` is repeated in the answer. */
export type Order =
  /** Everything is wired: open the listeners. */
  | { readonly order: 'open' }
  /** Another worker has taken this one's place: answer what comes on open connections, and end. */
  | { readonly order: 'retire' }
  /** The service ends: answer what is under way, and end. */
  | { readonly order: 'stop' }
  /** From now on, do what only one process of the service does. */
  | { readonly order: 'take-shared-work' }
  | { readonly order: 'reload' | 'health'; readonly question: number };

/** Of a worker. */
export type Report =
  | { readonly report: 'composed' | 'started' }
  | ({ readonly report: 'failed' } & Failure)
  /** `refused`: what was in use stays, and nothing of the new is on record. */
  | { readonly report: 'reloaded'; readonly question: number; readonly refused?: Code }
  | { readonly report: 'health'; readonly question: number; readonly health: HealthReport };

/** Why a worker did not start. Errors lose their class between processes, so the code travels. */
export type Failure = {
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
} & (
  | { readonly kind: 'configuration'; readonly code: ConfigurationCode }
  | { readonly kind: 'service'; readonly code: ServiceCode }
);
