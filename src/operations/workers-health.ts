/**
 * The health of a service of several workers: what each of them reports, joined, and which of them serve.
 *
 * What all of them report alike stands once. Where they differ, the worst counts, for a citizen may meet that worker.
 * `failing` is the service only when no worker is well enough to sign anybody in. Pure.
 */
import type { Code } from '../errors.ts';
import { type HealthCheck, type HealthReport, type HealthStatus, refusedConfigurationCheck } from './health.ts';

/** Of a worker that serves. */
export interface WorkerHealth {
  readonly worker: string;
  /** Undefined for one that does not answer. */
  readonly report: HealthReport | undefined;
}

export interface WorkersHealthInputs {
  readonly at: Date;
  /** How many workers the service is to have. */
  readonly wanted: number;
  readonly workers: readonly WorkerHealth[];
  readonly configurationRefused?: { readonly at: Date; readonly code: Code } | undefined;
}

const SEVERITY: Readonly<Record<HealthStatus, number>> = { ok: 0, degraded: 1, failing: 2 };

export function joinHealth({ at, wanted, workers, configurationRefused }: WorkersHealthInputs): HealthReport {
  const reports = workers.flatMap(({ report }) => report ?? []);
  const refused = configurationRefused === undefined ? [] : [refusedConfigurationCheck(configurationRefused)];
  const checks = [
    ...workers.map(workerCheck),
    ...missingWorkerChecks(wanted, workers.length),
    ...worstOfEach([...refused, ...reports.flatMap((report) => report.checks)]),
  ];
  const isAnyFit = reports.some(({ status }) => status !== 'failing');
  if (!isAnyFit) return { status: 'failing', at, checks };
  return { status: checks.every(({ status }) => status === 'ok') ? 'ok' : 'degraded', at, checks };
}

function workerCheck({ worker: subject, report }: WorkerHealth): HealthCheck {
  const common = { check: 'worker' as const, subject };
  if (report === undefined) return { ...common, status: 'failing', message: 'the worker does not answer' };
  const { status } = report;
  return status === 'failing'
    ? { ...common, status, message: 'the worker serves and can sign nobody in' }
    : { ...common, status: 'ok', message: 'the worker serves' };
}

function missingWorkerChecks(wanted: number, present: number): HealthCheck[] {
  if (present >= wanted) return [];
  const message = `${present} of ${wanted} workers serve`;
  return [{ check: 'worker', status: 'failing', message }];
}

/** One check of each thing, in the order of their first mention. */
function worstOfEach(checks: readonly HealthCheck[]): HealthCheck[] {
  const worst = new Map<string, HealthCheck>();
  for (const one of checks) {
    const key = JSON.stringify([one.check, one.profile, one.subject]);
    const known = worst.get(key);
    if (known === undefined || SEVERITY[one.status] > SEVERITY[known.status]) worst.set(key, one);
  }
  return [...worst.values()];
}
