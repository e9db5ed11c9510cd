/**
 * The endpoints that portals ask themselves, by a method that they do not have: 405, and which they have (RFC 9126 2.3, RFC
 * 9110 15.5.6). oidc-provider knows no such address then, and a program would read a page that it is not there.
 */
import type { Provider } from 'oidc-provider';

type Middleware = Parameters<Provider['use']>[0];

const METHODS = {
  token: 'POST',
  pushed_authorization_request: 'POST',
  introspection: 'POST',
  revocation: 'POST',
  userinfo: 'GET, HEAD, POST',
} as const;

export function refuseOtherMethods(provider: Provider): Middleware {
  const allowed = new Map(Object.entries(METHODS).map(([route, methods]) => [provider.pathFor(route), methods]));
  return async (ctx, next) => {
    await next();
    const methods = allowed.get(ctx.path);
    if (methods === undefined || ctx.status !== 404 || ctx.body !== undefined) return;
    ctx.status = 405;
    ctx.set('Allow', methods);
    ctx.body = { error: 'invalid_request', error_description: `the methods of this endpoint are ${methods}` };
  };
}
