/**
 * The demonstration portal "Passport renewal": a relying party as a public service would write one. It shows the claims
 * that it received, or the OAuth error; it knows nothing of cards.
 */
import type { JsonWebKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import type { CustomFetch } from 'openid-client';
import { type Clock, systemClock } from '../clock.ts';
import { ConfigurationError } from '../errors.ts';
import {
  failurePage,
  homePage,
  notFoundPage,
  STYLE_SHEET,
  STYLE_SHEET_PATH,
  signedInPage,
  signedOutPage,
} from './portal-pages.ts';
import { BACK_CHANNEL_LOGOUT_PATH, CALLBACK_PATH, SIGNED_OUT_PATH } from './portal-registration.ts';
import { createRelyingParty, describeFailure, type RelyingParty, type SignInFailure } from './portal-relying-party.ts';
import { PortalSessions } from './portal-sessions.ts';

/** Of its own name: cookies do not tell ports apart, and the provider may share the host. */
const SESSION_COOKIE = 'passport_session';

/** Tabs of one browser in which a sign-in is under way; the oldest gives way. */
const MOST_PENDING = 5;

/** No script at all; the style sheet is the only thing that a page loads. */
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

export interface PortalOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly issuer: URL;
  readonly clientId: string;
  /** EC P-256; its public half is registered with the provider. */
  readonly privateKeyJwk: JsonWebKey;
  readonly clock?: Clock;
  readonly fetch?: CustomFetch;
}

export interface RunningPortal {
  readonly url: URL;
  close(): Promise<void>;
}

/**
 * Starts the portal on loopback.
 * @throws ConfigurationError PORT_TAKEN
 */
export async function startPortal(options: PortalOptions): Promise<RunningPortal> {
  const relyingParty = await createRelyingParty(options);
  const server = createServer();
  const port = await listen(server, options.port);
  const url = new URL(`http://localhost:${port}/`);
  const app = createPortalApp(relyingParty, new PortalSessions(options.clock ?? systemClock), url);
  server.on('request', app.callback());
  return {
    url,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function createPortalApp(relyingParty: RelyingParty, sessions: PortalSessions, url: URL): Koa {
  const redirectUri = new URL(CALLBACK_PATH, url);
  const router = new Router();

  const enter = (ctx: Context, secret: string): void => {
    ctx.cookies.set(SESSION_COOKIE, secret, { httpOnly: true, sameSite: 'lax', path: '/', overwrite: true });
  };
  const fail = (ctx: Context, status: number, failure: SignInFailure): void => {
    ctx.status = status;
    ctx.body = failurePage(failure);
  };

  router.get('/', (ctx) => {
    const secret = ctx.cookies.get(SESSION_COOKIE);
    const session = sessions.find(secret);
    if (session?.assertion !== undefined) {
      ctx.body = signedInPage(session.assertion.claims);
      return;
    }
    // Said once.
    if (session?.hasEnded) sessions.close(secret);
    ctx.body = session?.hasEnded ? signedOutPage() : homePage();
  });

  router.get('/login', async (ctx) => {
    const { ui_locales: uiLocales } = ctx.query;
    try {
      const { location, pending } = await relyingParty.begin(
        redirectUri,
        typeof uiLocales === 'string' && /^[A-Za-z-]{2,20}$/.test(uiLocales) ? uiLocales : undefined,
      );
      const secret = ctx.cookies.get(SESSION_COOKIE);
      const others = sessions.find(secret)?.pending.slice(1 - MOST_PENDING) ?? [];
      sessions.close(secret);
      enter(ctx, sessions.open({ pending: [...others, pending] }));
      ctx.redirect(location.href);
    } catch (error) {
      // Nothing was begun; the citizen learns why and can try again.
      fail(ctx, 502, describeFailure(error));
    }
  });

  router.get(CALLBACK_PATH, async (ctx) => {
    const secret = ctx.cookies.get(SESSION_COOKIE);
    const session = sessions.find(secret);
    // An answer that fits none is held against the last, which tells what is wrong with it.
    const pending = session?.pending.find(({ state }) => state === ctx.query.state) ?? session?.pending.at(-1);
    if (session === undefined || pending === undefined) {
      fail(ctx, 400, { error: 'no_sign_in' });
      return;
    }
    // Whatever the answer, it is taken once.
    sessions.close(secret);
    const remaining = { ...session, pending: session.pending.filter((other) => other !== pending) };
    try {
      const answer = new URL(`${redirectUri.href}${ctx.search}`);
      const assertion = await relyingParty.complete(answer, pending);
      enter(ctx, sessions.open({ ...remaining, assertion }));
      ctx.redirect('/');
    } catch (error) {
      // An error of the provider, or an answer that does not verify: nobody is signed in.
      enter(ctx, sessions.open(remaining));
      const failure = describeFailure(error);
      fail(ctx, failure.error === 'provider_unreachable' ? 502 : 403, failure);
    }
  });

  for (const [path, member] of [
    ['/me', 'claims'],
    ['/me/tokens', 'tokens'],
  ] as const) {
    router.get(path, (ctx) => {
      const assertion = sessions.find(ctx.cookies.get(SESSION_COOKIE))?.assertion;
      ctx.status = assertion === undefined ? 401 : 200;
      ctx.body = assertion === undefined ? { error: 'not_signed_in' } : assertion[member];
    });
  }

  // Ends the session of this portal only; the cookie is SameSite, so no other site can send this form.
  router.post('/logout', (ctx) => {
    sessions.close(ctx.cookies.get(SESSION_COOKIE));
    ctx.cookies.set(SESSION_COOKIE, null, { path: '/' });
    ctx.status = 303;
    ctx.redirect('/');
  });

  /** Of this portal, of the identity service, and so of every other portal that the card was shown for. */
  router.get('/logout/everywhere', async (ctx) => {
    const secret = ctx.cookies.get(SESSION_COOKIE);
    const session = sessions.find(secret);
    try {
      const { location, state } = await relyingParty.endSession(new URL(SIGNED_OUT_PATH, url));
      if (session !== undefined) {
        sessions.close(secret);
        enter(ctx, sessions.open({ ...session, leaving: state }));
      }
      ctx.redirect(location.href);
    } catch (error) {
      fail(ctx, 502, describeFailure(error));
    }
  });

  // The notice of the provider may still be under way.
  router.get(SIGNED_OUT_PATH, (ctx) => {
    const secret = ctx.cookies.get(SESSION_COOKIE);
    const session = sessions.find(secret);
    if (session?.hasEnded || (session?.leaving !== undefined && session.leaving === ctx.query.state)) {
      sessions.close(secret);
      ctx.cookies.set(SESSION_COOKIE, null, { path: '/' });
      ctx.body = signedOutPage();
      return;
    }
    // An address that nobody waits for signs nobody out, and does not say so either.
    ctx.redirect('/');
  });

  // OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8. Comes from the provider: no cookie, no browser.
  router.post(BACK_CHANNEL_LOGOUT_PATH, bodyParser({ enableTypes: ['form'], formLimit: '16kb' }), async (ctx) => {
    const body: unknown = ctx.request.body;
    const token = typeof body === 'object' && body !== null && 'logout_token' in body ? body.logout_token : undefined;
    try {
      if (typeof token !== 'string') throw new Error('there is no logout token');
      sessions.end(await relyingParty.readLogoutToken(token));
      ctx.status = 204;
    } catch {
      // Whatever is wrong with it, the provider learns as much as the standard says.
      ctx.status = 400;
      ctx.body = { error: 'invalid_request' };
    }
  });

  router.get(STYLE_SHEET_PATH, (ctx) => {
    ctx.type = 'text/css';
    ctx.body = STYLE_SHEET;
  });

  const app = new Koa();
  app.use(async (ctx, next) => {
    ctx.set(SECURITY_HEADERS);
    await next();
    if (ctx.status === 404 && !ctx.body) {
      ctx.body = notFoundPage();
      ctx.status = 404;
    }
  });
  app.use(router.routes());
  return app;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new ConfigurationError('PORT_TAKEN', `port ${port} of the demonstration portal is in use`, {
              cause,
              detail: { port },
            })
          : cause,
      );
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); // a TCP server has this form
  });
}
