/**
 * The pages of the end of a session: whether it is meant, and that it has ended. They work without a script.
 */
import type { Context } from 'koa';
import type { SignOutPages } from '../../oidc/sign-out.ts';
import { type PageData, type PageName, renderPage } from '../page.ts';
import { requestLocale } from '../request-language.ts';
import type { Sandbox } from '../sandbox.ts';
import { setContentSecurityPolicy } from '../security-headers.ts';

export interface SignOutPageParts {
  readonly issuer: string;
  readonly sandbox?: Sandbox | undefined;
}

export function createSignOutPages({ issuer, sandbox }: SignOutPageParts): SignOutPages {
  const show = <Name extends PageName>(ctx: Context, page: Name, data: PageData[Name], uiLocales?: unknown): void => {
    ctx.status = 200;
    ctx.type = 'html';
    ctx.body = renderPage(page, data, {
      locale: requestLocale(ctx, uiLocales),
      assetsBase: issuer,
      isSandbox: sandbox !== undefined,
      query: ctx.querystring,
    });
  };
  return {
    ask(ctx, { portal, action, secret, returnOrigin, uiLocales }) {
      // A browser applies the list to the redirect that follows the form, too.
      const formTargets = ["'self'", ...(returnOrigin === undefined ? [] : [returnOrigin])];
      setContentSecurityPolicy(ctx, { assets: issuer, formTargets });
      const data: PageData['sign-out'] = {
        signOut: { action, fields: { xsrf: secret, logout: 'yes' } },
        ...(portal && { portal, stay: { action, fields: { xsrf: secret } } }),
      };
      show(ctx, 'sign-out', data, uiLocales);
    },
    done(ctx, { portal, uiLocales }) {
      setContentSecurityPolicy(ctx, { assets: issuer, formTargets: [] });
      show(ctx, 'signed-out', portal ? { portal } : {}, uiLocales);
    },
  };
}
