/**
 * Introspection is for portals that prove who they are (RFC 7662 2.1): whoever found a token of a public portal, bound to a
 * key that they do not have, would learn its subject by naming the portal. Whatever the token is, the answer is the same.
 */
import type { Provider } from 'oidc-provider';
import { providerContext } from './provider-context.ts';

type Middleware = Parameters<Provider['use']>[0];

export const refusePublicPortals: Middleware = async (ctx, next) => {
  await next();
  const oidc = providerContext(ctx);
  if (oidc?.route !== 'introspection' || oidc.client?.clientAuthMethod !== 'none' || ctx.status >= 400) return;
  // RFC 6749 5.2
  ctx.status = 401;
  ctx.body = { error: 'invalid_client', error_description: 'a public portal introspects no tokens' };
  ctx.type = 'json';
};
