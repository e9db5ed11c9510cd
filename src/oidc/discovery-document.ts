/**
 * The discovery document: a list that would be empty is not in it (OpenID Connect Discovery 1.0 4.2, RFC 8414 3.2), such as
 * what could be encrypted for a service that has no key for it.
 */
import type { Provider } from 'oidc-provider';
import { providerContext } from './provider-context.ts';

type Middleware = Parameters<Provider['use']>[0];

export const omitEmptyLists: Middleware = async (ctx, next) => {
  await next();
  const oidc = providerContext(ctx);
  const document: unknown = ctx.body;
  if (oidc?.route !== 'discovery' || typeof document !== 'object' || document === null) return;
  ctx.body = Object.fromEntries(
    Object.entries(document).filter(([, value]) => !Array.isArray(value) || value.length > 0),
  );
};
