/**
 * The issuer's application: the order of its middleware. This host never asks for a certificate.
 */
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import Koa from 'koa';
import type { Provider } from 'oidc-provider';
import type { CookieSignatures } from '../oidc/cookie-signatures.ts';
import { findAsset } from './assets.ts';
import { type ConnectionShare, ISSUER_LIMITS, limitConnections, serverOptions } from './connection-limits.ts';
import { mountCurrent } from './current-provider.ts';
import { type AddressLimits, limitRequests } from './limit-requests.ts';
import { assumeOrigin } from './public-origin.ts';
import { catchErrors, type RefusalPages, reportFailures, requestReference } from './refusal-page.ts';
import { requireOneHost } from './require-one-host.ts';
import { securityHeaders } from './security-headers.ts';
import { signInRoutes } from './sign-in/routes.ts';
import type { SignInParts } from './sign-in/sign-in-exchange.ts';
import { dropFailedHandshakes, serverContext, type TlsCredentials } from './tls-server.ts';

export interface AppParts extends RefusalPages, SignInParts, AddressLimits {
  /** The provider of the moment. */
  readonly currentProvider: () => Provider;
  /** The provider is mounted, so its cookies are signed as those of this application. */
  readonly cookieSignatures: CookieSignatures;
}

export function createApp(parts: AppParts): Koa {
  const app = new Koa();
  // Together with assumeOrigin: the address of the service is that of its configuration.
  app.proxy = true;
  app.keys = parts.cookieSignatures;
  reportFailures(app, 'http', parts.log);

  const routes = signInRoutes(parts);
  app.use(logRequests(parts));
  app.use(assumeOrigin(parts.issuer));
  app.use(securityHeaders(parts.issuer));
  app.use(catchErrors(parts));
  app.use(requireOneHost);
  app.use(serveAssets);
  app.use(answerHealth);
  app.use(limitRequests(parts));
  if (parts.sandbox?.virtualCards) app.use(parts.sandbox.virtualCards.routes);
  app.use(routes.routes());
  app.use(allowFormPost);
  app.use(mountCurrent(parts.currentProvider));
  return app;
}

/** @param credentials of a listener that ends TLS itself; without one, a proxy does */
export function createIssuerServer(app: Koa, share: ConnectionShare, credentials?: TlsCredentials): Server {
  const options = { ...serverOptions(ISSUER_LIMITS), keepAliveTimeout: 5000 };
  if (credentials === undefined) return limitConnections(createServer(options, app.callback()), ISSUER_LIMITS, share);
  const server = createHttpsServer(
    {
      ...options,
      ...serverContext(credentials),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: ISSUER_LIMITS.headerSeconds * 1000,
    },
    app.callback(),
  );
  dropFailedHandshakes(server);
  return limitConnections(server, ISSUER_LIMITS, share);
}

function logRequests({ log, clock }: AppParts): Koa.Middleware {
  return async (ctx, next) => {
    const began = clock().getTime();
    const { method } = ctx;
    await next();
    // The pattern, never the address: it may hold an interaction, a hand-off or a code.
    const route = String(ctx.state.route ?? ctx._matchedRoute ?? ctx.oidc?.route ?? 'none');
    log.request(requestReference(ctx), method, route, ctx.status, clock().getTime() - began);
  };
}

const serveAssets: Koa.Middleware = async (ctx, next) => {
  const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? findAsset(ctx.path) : undefined;
  if (asset === undefined) return next();
  ctx.set(asset.headers);
  ctx.body = asset.body;
  return undefined;
};

/**
 * OAuth 2.0 Form Post Response Mode: the page that posts to the portal may do just that, and run just its own script, which
 * oidc-provider names by its hash.
 */
const allowFormPost: Koa.Middleware = async (ctx, next) => {
  const policy = ctx.response.get('Content-Security-Policy');
  // An empty list allows nothing; a hash is added to it by oidc-provider where a page needs one.
  ctx.set('Content-Security-Policy', `${policy}; script-src`);
  await next();
  const { params, redirectUriCheckPerformed } = ctx.oidc ?? {};
  const target = URL.parse(String(params?.redirect_uri ?? ''));
  const isForm = params?.response_mode === 'form_post' || params?.response_mode === 'form_post.jwt';
  if (!isForm || !redirectUriCheckPerformed || target === null) return;
  ctx.set(
    'Content-Security-Policy',
    ctx.response.get('Content-Security-Policy').replace("form-action 'none'", `form-action ${target.origin}`),
  );
};

/** Alive, and no more: what an operator wants to know besides is not for the public port. */
const answerHealth: Koa.Middleware = async (ctx, next) => {
  if (ctx.path !== '/healthz') return next();
  ctx.body = { status: 'ok' };
  return undefined;
};
