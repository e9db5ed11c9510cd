/**
 * The service knows its own address from its configuration. What a request says of it (Host, Forwarded, X-Forwarded-*)
 * is dropped, so that no client can make us print another address, or a secure cookie an insecure one; nor take for ours
 * what was signed for the endpoint of another service (`aud` of RFC 7523 3, `htu` of RFC 9449 4.3).
 */
import type { Middleware } from 'koa';

/** Of a target in absolute form (RFC 9112 3.2.2), which a server must accept: what comes before the path. */
const TARGET_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

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
    const target = ctx.req.url ?? '';
    if (TARGET_ORIGIN.test(target)) {
      const path = target.replace(TARGET_ORIGIN, '').replace(/^(?!\/)/, '/');
      ctx.req.url = path;
      // koa keeps copies, and takes an origin that stands there for its own.
      ctx.originalUrl = path;
      ctx.request.originalUrl = path;
    }
    await next();
  };
}
