/**
 * The management listener: a port of its own for the operator's network, never for the public. It shows and changes
 * nothing; no public host has any of its addresses (S30).
 */
import { createServer, type Server } from 'node:http';
import Koa from 'koa';
import type { HealthReport } from '../operations/health.ts';
import type { Log } from '../operations/log.ts';
import { limitConnections, MANAGEMENT_LIMITS, serverOptions } from './connection-limits.ts';
import { reportFailures } from './refusal-page.ts';

export interface ManagementParts {
  readonly health: () => Promise<HealthReport>;
  readonly log: Log;
}

export function createManagementServer({ health, log }: ManagementParts): Server {
  const app = new Koa();
  reportFailures(app, 'management', log);
  app.use(async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Content-Type-Options', 'nosniff');
    // The address as it was sent: no path trick reaches a page here (S27).
    if (ctx.req.url !== '/health' || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) {
      ctx.status = 404;
      ctx.body = { error: 'not_found' };
      return;
    }
    const report = await health();
    ctx.status = report.status === 'failing' ? 503 : 200;
    ctx.body = healthDocument(report);
  });
  return limitConnections(createServer(serverOptions(MANAGEMENT_LIMITS), app.callback()), MANAGEMENT_LIMITS);
}

/** Names in the manner of the other documents that this service prints. */
function healthDocument({ status, at, checks }: HealthReport): object {
  return {
    status,
    at,
    checks: checks.map(({ daysLeft, ...check }) => ({
      ...check,
      ...(daysLeft !== undefined && { days_left: daysLeft }),
    })),
  };
}
