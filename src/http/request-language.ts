/**
 * The language of a request: the switch on the page, the portal's `ui_locales`, the cookie of an earlier visit, the
 * browser's own list. What the citizen chose is remembered in a cookie that says nothing else.
 */
import type { Context } from 'koa';
import { chooseLocale, LOCALES, type Locale } from './localization.ts';

const COOKIE = 'lang';
const REMEMBERED_MS = 180 * 24 * 3600 * 1000;

export function requestLocale(ctx: Context, uiLocales?: unknown): Locale {
  const asked = ctx.query.lang;
  const chosen = LOCALES.find((locale) => locale.language === asked)?.language;
  if (chosen !== undefined) {
    ctx.cookies.set(COOKIE, chosen, {
      httpOnly: true,
      sameSite: 'lax',
      maxAge: REMEMBERED_MS,
      signed: false,
      overwrite: true,
    });
  }
  const cookie = ctx.cookies.get(COOKIE, { signed: false });
  return chooseLocale({
    // A citizen who chose here once is not talked out of it by the portal's wish.
    chosen: chosen ?? cookie,
    uiLocales: typeof uiLocales === 'string' ? uiLocales : undefined,
    acceptLanguage: ctx.get('Accept-Language'),
  });
}
