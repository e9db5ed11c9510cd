/**
 * The end of a session at a portal's wish (OpenID Connect RP-Initiated Logout 1.0). Enforced: the citizen is asked first,
 * on a page of ours; the browser goes on to an address that this portal registered, character by character, or nowhere.
 *
 * oidc-provider checks the request and ends the session. Where there is none it would answer with a page that posts itself
 * by a script; here the browser goes on at once, by the same rules.
 */
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Portal, PortalStore } from '../relying-party/portal.ts';
import { providerContext } from './provider-context.ts';

type Middleware = Parameters<Provider['use']>[0];
type SignOutFeature = NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>;

export interface SignOutQuestion {
  /** Who asks; absent when the request names no portal. */
  readonly portal?: Portal;
  /** Where the answer is posted. */
  readonly action: string;
  /** Binds the answer to this browser's session. */
  readonly secret: string;
  /** Origin that the browser returns to in the end. */
  readonly returnOrigin?: string;
  readonly uiLocales?: unknown;
}

export interface SignOutPages {
  readonly ask: (ctx: KoaContextWithOIDC, question: SignOutQuestion) => void;
  readonly done: (ctx: KoaContextWithOIDC, ended: { readonly portal?: Portal; readonly uiLocales?: unknown }) => void;
}

export function signOutFeature(portals: PortalStore, pages: SignOutPages): SignOutFeature {
  return {
    enabled: true,
    async logoutSource(ctx) {
      const { session, params } = ctx.oidc;
      const secret: unknown = session?.state?.secret;
      if (typeof secret !== 'string') throw new TypeError('the end of a session is asked for with a secret');
      const returnTo = URL.parse(String(params?.post_logout_redirect_uri ?? ''));
      pages.ask(ctx, {
        ...(await askingPortal(ctx, portals)),
        action: inLanguage(ctx.oidc.urlFor('end_session_confirm'), params?.ui_locales),
        secret,
        ...(returnTo && { returnOrigin: returnTo.origin }),
        uiLocales: params?.ui_locales,
      });
    },
    async postLogoutSuccessSource(ctx) {
      pages.done(ctx, { ...(await askingPortal(ctx, portals)), uiLocales: ctx.query.ui_locales });
    },
  };
}

/**
 * The portal's `ui_locales` (2) from the question to the page that says that it is done: oidc-provider drops them on the way.
 * A portal's own address is left as it was registered.
 */
export const keepLanguage: Middleware = async (ctx, next) => {
  await next();
  const oidc = providerContext(ctx);
  if (oidc?.route !== 'end_session_confirm' || ctx.status !== 303) return;
  const target = ctx.response.get('Location');
  const done = oidc.urlFor('end_session_success');
  if (target === done || target.startsWith(`${done}?`)) ctx.set('Location', inLanguage(target, ctx.query.ui_locales));
};

function inLanguage(address: string, uiLocales: unknown): string {
  if (typeof uiLocales !== 'string') return address;
  const url = new URL(address);
  url.searchParams.set('ui_locales', uiLocales);
  return url.href;
}

/** A request to end a session where none is: nothing to ask, nothing to end. */
export function endWithoutSession(portals: PortalStore, pages: SignOutPages): Middleware {
  return async (ctx, next) => {
    await next();
    const oidc = providerContext(ctx);
    if (oidc?.route !== 'end_session' || ctx.status !== 200 || oidc.session?.accountId !== undefined) return;
    const { post_logout_redirect_uri: address, state, ui_locales: uiLocales } = oidc.params ?? {};
    // Of a request that was accepted, an address that is left was registered (2).
    const target = typeof address === 'string' ? URL.parse(address) : null;
    if (target === null) {
      const answered = ctx as KoaContextWithOIDC;
      pages.done(answered, { ...(await askingPortal(answered, portals)), uiLocales });
      return;
    }
    if (typeof state === 'string') target.searchParams.set('state', state);
    ctx.status = 303;
    ctx.set('Location', target.href);
    ctx.body = '';
  };
}

async function askingPortal(ctx: KoaContextWithOIDC, portals: PortalStore): Promise<{ readonly portal?: Portal }> {
  const clientId = ctx.oidc.client?.clientId;
  const portal = clientId === undefined ? undefined : await portals.find(clientId);
  return portal ? { portal } : {};
}
