/**
 * What every answer carries: pages load nothing but our style sheet, icon and fonts, run no script but those that the
 * page names, cannot be framed (Content Security Policy Level 3), and leave no address behind.
 */
import type { Context, Middleware } from 'koa';

export interface ContentSources {
  /** Origin of the style sheet, icon and fonts. */
  readonly assets: string;
  /**
   * Where forms of the page may lead. Browsers apply the list to redirects after the form as well (CSP 3 6.4.1), so
   * it names the card host and the portal that the sign-in returns to.
   */
  readonly formTargets: readonly string[];
  /** The scripts of the page, each by its address; a folder, which ends with `/`, stands for what is in it. None unless told. */
  readonly scripts?: readonly string[];
}

export function setContentSecurityPolicy(ctx: Context, sources: ContentSources): void {
  const own = sources.assets;
  ctx.set(
    'Content-Security-Policy',
    [
      "default-src 'none'",
      `style-src ${own}`,
      `font-src ${own}`,
      `img-src ${own}`,
      // Where a script runs, it may ask our own origin, and no other.
      ...(sources.scripts ? [`script-src ${sources.scripts.join(' ')}`, `connect-src ${own}`] : []),
      `form-action ${sources.formTargets.length === 0 ? "'none'" : sources.formTargets.join(' ')}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  );
}

/** @param assets origin of the style sheet, for pages that set no policy of their own */
export function securityHeaders(assets: string): Middleware {
  return async (ctx, next) => {
    setContentSecurityPolicy(ctx, { assets, formTargets: [] });
    ctx.set({
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      // Not no-referrer: with it browsers send `Origin: null` from our own forms, and the origin check needs it.
      'Referrer-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
      ...(assets.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=31536000' }),
    });
    await next();
  };
}
