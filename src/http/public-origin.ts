/**
 * The service knows its own address from its configuration. What a request says of it (Host, Forwarded, X-Forwarded-*)
 * is dropped, so that no client can make us print another address, or a secure cookie an insecure one.
 */
import type { Middleware } from 'koa';

export function assumeOrigin(issuer: string): Middleware {
  const { protocol, host } = new URL(issuer);
  return async (ctx, next) => {
    const { headers } = ctx.req;
    for (const name of Object.keys(headers)) {
      if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete headers[name];
    }
    headers.host = host;
    headers['x-forwarded-host'] = host;
    headers['x-forwarded-proto'] = protocol.replace(':', '');
    await next();
  };
}
