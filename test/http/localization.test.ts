import { expect } from 'chai';
import {
  chooseLocale,
  type LanguageWishes,
  LOCALES,
  localeOf,
  type MessageKey,
  pickText,
} from '../../src/http/localization.ts';

const chosen = (wishes: LanguageWishes): string => chooseLocale(wishes).language;

describe('the choice of language', () => {
  it('is French when nothing is known', () => {
    expect(chosen({})).to.equal('fr');
    expect(chosen({ chosen: '', uiLocales: '', cookie: '', acceptLanguage: '' })).to.equal('fr');
  });

  it("prefers the citizen's own choice, then ui_locales, then the cookie, then Accept-Language", () => {
    const wishes = { chosen: 'ar', uiLocales: 'en', cookie: 'fr', acceptLanguage: 'ar' };
    expect(chosen(wishes)).to.equal('ar');
    expect(chosen({ ...wishes, chosen: undefined })).to.equal('en');
    expect(chosen({ ...wishes, chosen: undefined, uiLocales: undefined })).to.equal('fr');
    expect(chosen({ acceptLanguage: 'ar' })).to.equal('ar');
  });

  it('takes the first language of ui_locales that we speak (OpenID Connect Core 3.1.2.1)', () => {
    expect(chosen({ uiLocales: 'zh-Hant es ar-MA fr' })).to.equal('ar');
    expect(chosen({ uiLocales: 'zh es', acceptLanguage: 'en' })).to.equal('en');
  });

  it('serves a region or a script by its language, in any case (RFC 4647 3.4)', () => {
    expect(chosen({ uiLocales: 'AR-DZ' })).to.equal('ar');
    expect(chosen({ uiLocales: 'en-Latn-GB-oed' })).to.equal('en');
    expect(chosen({ uiLocales: 'arz' })).to.equal('fr');
  });

  for (const tag of ['zgh', 'zgh-MA', 'zgh-Tfng-MA', 'ber', 'ber-MA', 'tzm', 'tzm-Tfng-MA', 'SHI-Tfng', 'rif-MA']) {
    it(`is Standard Moroccan Tamazight for ${tag}`, () => {
      expect(chosen({ uiLocales: tag })).to.equal('zgh');
      expect(chosen({ acceptLanguage: `${tag}, ar;q=0.8` })).to.equal('zgh');
    });
  }

  for (const tag of ['kab', 'kab-DZ', 'tzm-Latn-DZ', 'shi-Latn', 'ber-Latn', 'zgh-Latn', 'tzm-Arab-MA', 'ar-Latn']) {
    it(`is the next wish of whoever reads ${tag}: a script that we do not write it in`, () => {
      expect(chosen({ acceptLanguage: `${tag}, en;q=0.5` })).to.equal('en');
    });
  }

  it('reads no script out of an extension or a private tag (RFC 5646 2.2.6)', () => {
    expect(chosen({ uiLocales: 'ar-u-nu-latn' })).to.equal('ar');
    expect(chosen({ uiLocales: 'zgh-x-latn' })).to.equal('zgh');
  });

  it('orders Accept-Language by weight and leaves out weight 0 (RFC 9110 12.5.4)', () => {
    expect(chosen({ acceptLanguage: 'en;q=0.5, ar;q=0.9, fr;q=0.1' })).to.equal('ar');
    expect(chosen({ acceptLanguage: 'ar;q=0, en;q=0.2' })).to.equal('en');
    expect(chosen({ acceptLanguage: 'en-GB,en;q=0.9' })).to.equal('en');
  });

  it('is not disturbed by what is not a language', () => {
    for (const odd of ['../../etc', '__proto__', 'constructor', '*', ';q=1', 'é', 'a'.repeat(100_000), ',,,,']) {
      expect(chosen({ chosen: odd, uiLocales: odd, cookie: odd, acceptLanguage: odd }), odd.slice(0, 20)).to.equal(
        'fr',
      );
    }
  });
});

describe('a locale', () => {
  it('is written in its own direction', () => {
    expect(localeOf('ar').direction).to.equal('rtl');
    expect(localeOf('fr').direction).to.equal('ltr');
    expect(localeOf('en').direction).to.equal('ltr');
    expect(localeOf('zgh').direction).to.equal('ltr');
  });

  it('is written in its own script', () => {
    expect(LOCALES.map(({ script }) => script)).to.deep.equal(['latn', 'arab', 'latn', 'tfng']);
  });

  it('writes dates in its own words', () => {
    const written = LOCALES.map(({ tag }) =>
      new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date('2031-03-05T00:00:00Z')),
    );
    expect(written).to.deep.equal(['5 mars 2031', '5 مارس 2031', '5 March 2031', '5 ⵎⴰⵕⵚ 2031']);
  });

  it('comes with every other one, the default first', () => {
    expect(LOCALES.map(({ language }) => language)).to.deep.equal(['fr', 'ar', 'en', 'zgh']);
    expect(LOCALES.map(({ name }) => name)).to.deep.equal(['Français', 'العربية', 'English', 'ⵜⴰⵎⴰⵣⵉⵖⵜ']);
  });

  it('refuses a key that no language has', () => {
    expect(() => localeOf('ar').t('no.such.key' as MessageKey)).to.throw(TypeError, 'no.such.key'); // a key that the type forbids
  });

  it('sets a parameter apart from the direction of the sentence (UAX 9, 2.7), and keeps it there', () => {
    const text = localeOf('ar').t('claim.other', { claim: 'name\u2069\u202E$t(claim.sub){{claim}}' });
    expect(text).to.equal('معلومة أخرى: \u2068name$t(claim.sub){{claim}}\u2069');
  });
});

describe('a text in several languages', () => {
  it("is shown in the page's language, or in another with its language named", () => {
    const text = { ar: 'جواز السفر', en: 'Passport' };
    expect(pickText(text, localeOf('en'))).to.deep.equal({ value: 'Passport', language: 'en' });
    expect(pickText(text, localeOf('fr'))).to.deep.equal({ value: 'جواز السفر', language: 'ar' });
    expect(pickText({ zgh: 'ⴰⵎⴰⵙ' }, localeOf('fr'))).to.deep.equal({ value: 'ⴰⵎⴰⵙ', language: 'zgh' });
    expect(pickText({}, localeOf('fr'))).to.deep.equal({ value: '', language: 'fr' });
  });
});
