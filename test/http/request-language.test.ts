import { expect } from 'chai';
import Koa from 'koa';
import { requestLocale } from '../../src/http/request-language.ts';
import { get } from '../support/request.ts';

async function languageOf(path: string, headers: Readonly<Record<string, string>> = {}, uiLocales?: unknown) {
  const app = new Koa();
  app.use((ctx) => {
    ctx.body = requestLocale(ctx, uiLocales).language;
  });
  const answer = await get(app, path, headers);
  return { language: answer.body, cookies: answer.headers['set-cookie'] ?? [] };
}

const language = async (...parts: Parameters<typeof languageOf>): Promise<string> =>
  (await languageOf(...parts)).language;

describe('the language of a request', () => {
  it('is French when nobody wishes for another', async () => expect(await language('/')).to.equal('fr'));

  it('is the first of the browser that we speak', async () => {
    expect(await language('/', { 'Accept-Language': 'de, ar;q=0.8, en;q=0.9' })).to.equal('en');
  });

  it("is the portal's before the browser's", async () => {
    expect(await language('/', { 'Accept-Language': 'en' }, 'ar-MA fr')).to.equal('ar');
  });

  it("is the citizen's own, of an earlier visit, before the portal's", async () => {
    expect(await language('/', { Cookie: 'lang=ar' }, 'en')).to.equal('ar');
  });

  it('is that of the switch before all', async () => {
    const headers = { Cookie: 'lang=ar', 'Accept-Language': 'ar' };
    expect(await language('/?lang=en', headers, 'ar')).to.equal('en');
  });

  it('the switch is remembered in a cookie that no script reads', async () => {
    const { cookies } = await languageOf('/?lang=ar');
    expect(cookies).to.have.lengthOf(1);
    expect(cookies[0]).to.match(/^lang=ar; path=\/; expires=[^;]+; samesite=lax; httponly$/i);
  });

  it('nothing is remembered without a choice', async () => {
    expect((await languageOf('/', { 'Accept-Language': 'ar', Cookie: 'lang=en' }, 'fr')).cookies).to.deep.equal([]);
  });

  for (const [fault, path] of Object.entries({
    'a language that we do not speak': '/?lang=de',
    'two languages': '/?lang=ar&lang=en',
    'a path': '/?lang=../../etc/passwd',
    nothing: '/?lang=',
  })) {
    it(`a switch with ${fault} switches nothing and is not remembered`, async () => {
      expect(await languageOf(path)).to.deep.equal({ language: 'fr', cookies: [] });
    });
  }

  for (const cookie of ['lang=%00', 'lang=de', 'lang=<script>', 'lang=']) {
    it(`a cookie ${cookie} says nothing`, async () => expect(await language('/', { Cookie: cookie })).to.equal('fr'));
  }

  for (const wish of [undefined, 7, ['ar'], { ar: true }]) {
    it(`ui_locales that are ${JSON.stringify(wish) ?? 'absent'} say nothing`, async () => {
      expect(await language('/', {}, wish)).to.equal('fr');
    });
  }
});
