/**
 * A request that names two hosts is answered 400 (RFC 9112 3.2): what stands in front may have read the other one.
 */
import type { Middleware } from 'koa';
import { ServiceError } from '../errors.ts';
import { valuesAsSent } from './values-as-sent.ts';

export const requireOneHost: Middleware = (ctx, next) => {
  if (valuesAsSent(ctx.req.rawHeaders, 'host').length > 1)
    throw new ServiceError('REQUEST_MALFORMED', 'the request names more than one host');
  return next();
};
