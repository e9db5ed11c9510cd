/**
 * From anything thrown to a page: the one place where an error becomes something that a person reads. The page shows
 * the code and a reference; the reason goes to the log alone.
 */
import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { Code } from '../errors.ts';
import type { Log } from '../operations/log.ts';
import { describeCode, describeError } from './error-response.ts';
import { retryAfter } from './limit-requests.ts';
import { renderPage } from './page.ts';
import { requestLocale } from './request-language.ts';
import type { Sandbox } from './sandbox.ts';

export interface RefusalPages {
  readonly assets: string;
  readonly log: Log;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly sandbox?: Sandbox | undefined;
}

/** Refusals that are an event of their own; those of cards, hand-offs and portals are recorded where they are decided. */
const RECORDED: readonly Code[] = ['INTERACTION_NOT_FOUND', 'REQUEST_MALFORMED', 'REQUEST_TOO_LARGE'];

/** Shows the page of a refusal that belongs to no interaction. */
export function showErrorPage(
  ctx: Context,
  code: Code,
  { assets, clock, sandbox }: Pick<RefusalPages, 'assets' | 'clock' | 'sandbox'>,
): void {
  const { status, messageKey } = describeCode(code);
  const data = { code, messageKey, at: clock(), reference: requestReference(ctx) };
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = renderPage('error', data, {
    // Of a request that a portal made by an address.
    locale: requestLocale(ctx, ctx.query.ui_locales),
    assetsBase: assets,
    isSandbox: sandbox !== undefined,
  });
}

function showErrorObject(ctx: Context, code: Code): void {
  const { status, oauth } = describeCode(code);
  ctx.status = status;
  ctx.body = { error: oauth, error_description: code };
}

/** Names the request in the log and on the page; says nothing of the person. */
export function requestReference(ctx: Context): string {
  ctx.state.reference ??= randomUUID();
  return String(ctx.state.reference);
}

/** Outermost but for the headers: nothing that is thrown leaves as a stack trace. */
export function catchErrors(parts: RefusalPages): Middleware {
  const { log, audit } = parts;
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) showErrorPage(ctx, 'PAGE_NOT_FOUND', parts);
    } catch (error) {
      let { code } = describeError(error);
      log.refusal(requestReference(ctx), code, error);
      if (RECORDED.includes(code)) {
        try {
          await audit.append({ type: 'request.refused', code });
        } catch (failure) {
          // The refusal stands either way; that it could not be recorded is the graver thing to say.
          ({ code } = describeError(failure));
          log.refusal(requestReference(ctx), code, failure);
        }
      }
      const seconds = retryAfter(error);
      if (seconds !== undefined) ctx.set('Retry-After', seconds);
      // A portal's program that asked for no page gets the OAuth error instead (RFC 6749 5.2).
      if (ctx.accepts('json', 'html') === 'html') showErrorPage(ctx, code, parts);
      else showErrorObject(ctx, code);
    }
  };
}

/**
 * What koa tells of beside any answer. That a client went away, was too slow, or broke off its own request is no failure:
 * there is nothing to mend, and anybody could fill the log with it.
 */
export function reportFailures(app: Koa, event: string, log: Log): void {
  app.on('error', (error: unknown) => {
    if (!isOfConnection(error)) log.failure(event, error);
  });
}

const OF_CONNECTION = ['ECONNRESET', 'EPIPE', 'ERR_HTTP_REQUEST_TIMEOUT'];

/** What Node's parser refuses has a code that begins with HPE. */
function isOfConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return OF_CONNECTION.includes(code) || code.startsWith('HPE_');
}
