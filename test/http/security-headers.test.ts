import { expect } from 'chai';
import Koa from 'koa';
import { securityHeaders, setContentSecurityPolicy } from '../../src/http/security-headers.ts';
import { get } from '../support/request.ts';

const ISSUER = 'https://id.example.ma';

const showPage: Koa.Middleware = (ctx) => {
  ctx.body = 'page';
};

async function headersOf(assets: string, respond = showPage) {
  const app = new Koa();
  app.use(securityHeaders(assets));
  app.use(respond);
  return (await get(app, '/')).headers;
}

const policyOf = (headers: Record<string, unknown>): Map<string, string> =>
  new Map(
    String(headers['content-security-policy'])
      .split('; ')
      .map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
  );

describe('what every answer carries', () => {
  it('Content Security Policy: nothing is loaded but our style sheet, icon and fonts; no script at all', async () => {
    expect(Object.fromEntries(policyOf(await headersOf(ISSUER)))).to.deep.equal({
      'default-src': "'none'",
      'style-src': ISSUER,
      'font-src': ISSUER,
      'img-src': ISSUER,
      'form-action': "'none'",
      'base-uri': "'none'",
      'frame-ancestors': "'none'",
    });
  });

  it('names where the forms of a page may lead, and no other place', async () => {
    const headers = await headersOf(ISSUER, (ctx) => {
      setContentSecurityPolicy(ctx, { assets: ISSUER, formTargets: ["'self'", 'https://*.card.example.ma'] });
      ctx.body = 'page';
    });
    expect(policyOf(headers).get('form-action')).to.equal("'self' https://*.card.example.ma");
  });

  it('lets a page run the scripts that it names, which may ask our own origin alone', async () => {
    const script = `${ISSUER}/assets/web-eid.js`;
    const headers = await headersOf(ISSUER, (ctx) => {
      setContentSecurityPolicy(ctx, { assets: ISSUER, formTargets: ["'self'"], scripts: [script] });
      ctx.body = 'page';
    });
    expect(policyOf(headers).get('script-src')).to.equal(script);
    expect(policyOf(headers).get('connect-src')).to.equal(ISSUER);
  });

  it('cannot be framed, sniffed, kept or read from elsewhere, and leaves no address behind', async () => {
    expect(await headersOf(ISSUER)).to.include({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('Strict-Transport-Security over https only (RFC 6797 7.2)', async () => {
    expect((await headersOf(ISSUER))['strict-transport-security']).to.equal('max-age=31536000');
    expect(await headersOf('http://localhost:4000')).to.not.have.property('strict-transport-security');
  });

  it('stands before what comes after, so that an error page has them too', async () => {
    const app = new Koa();
    app.silent = true;
    let seen = '';
    app.use(securityHeaders(ISSUER));
    app.use((ctx) => {
      seen = ctx.response.get('Content-Security-Policy');
    });
    await get(app, '/');
    expect(seen).to.include("default-src 'none'");
  });
});
