/**
 * Where the provider is mounted. It cannot change its keys, so another one takes its place; a request ends with the
 * provider that it began with, and all of them work on the same records.
 */
import type Koa from 'koa';
import mount from 'koa-mount';
import type { Provider } from 'oidc-provider';

/** @param currentProvider the provider of the moment */
export function mountCurrent(currentProvider: () => Provider): Koa.Middleware {
  let mounted: { readonly provider: Provider; readonly middleware: Koa.Middleware } | undefined;
  return (ctx, next) => {
    const provider = currentProvider();
    if (mounted?.provider !== provider) mounted = { provider, middleware: mount(provider) };
    return mounted.middleware(ctx, next);
  };
}
