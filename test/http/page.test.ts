import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LOCALES, localeOf } from '../../src/http/localization.ts';
import { type Action, type PageData, type PageName, type PageSetting, renderPage } from '../../src/http/page.ts';

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
const ISSUER = 'https://id.example.ma';

const send = (action: string): Action => ({ action, fields: { token: 'to"ken' } });
const portal = {
  name: { fr: 'Renouvellement du passeport', ar: 'تجديد جواز السفر', en: 'Passport renewal' },
  purpose: { fr: 'Préremplir votre demande', ar: 'ملء طلبكم مسبقًا', en: 'To fill in your request' },
};
const at = new Date('2026-11-25T14:32:05.123Z');
const DATA: PageData = {
  'present-card': {
    portal,
    present: send('/interaction/x/card'),
    webEid: {
      present: { action: '/interaction/x/web-eid', fields: { nonce: '', token: '' } },
      script: `${ISSUER}/assets/web-eid.js`,
    },
    cancel: send('/interaction/x/abort'),
  },
  consent: {
    portal,
    claims: [
      { name: 'sub', values: [] },
      { name: 'given_name', values: [{ value: 'Fatima' }, { value: 'فاطمة', language: 'ar' }] },
      { name: 'birthdate', values: [{ value: '1990-03-15' }] },
      { name: 'gender', values: [{ value: 'female' }] },
    ],
    maskedIdentifier: '•••••456',
    consent: send('/interaction/x/consent'),
    decline: send('/interaction/x/decline'),
  },
  'sign-out': { portal, signOut: send('/session/end/confirm'), stay: send('/session/end/confirm') },
  'signed-out': { portal },
  refused: {
    code: 'CERT_REVOKED',
    messageKey: 'card-revoked',
    at,
    reference: '10482',
    tryAgain: { href: '/interaction/x' },
    cancel: send('/interaction/x/abort'),
  },
  error: { code: 'PAGE_NOT_FOUND', messageKey: 'page-not-found' },
};
const NAMES = Object.keys(DATA) as PageName[]; // Object.keys forgets the key type

const setting = (language: string, more: Partial<PageSetting> = {}): PageSetting => ({
  locale: localeOf(language),
  assetsBase: ISSUER,
  query: '',
  ...more,
});
const render = <Name extends PageName>(name: Name, language = 'fr', data: Partial<PageData[Name]> = {}): string =>
  renderPage(name, { ...DATA[name], ...data }, setting(language));

for (const name of NAMES) {
  describe(`the page ${name}`, () => {
    for (const { language, direction } of LOCALES) {
      const html = render(name, language);

      it(`says that it is in ${language}, in every place that says so`, () => {
        expect(html).to.match(/^<!DOCTYPE html>/);
        expect(html).to.include(`<html lang="${language}" dir="${direction}">`);
        expect(html).to.match(new RegExp(`lang="${language}"[^>]*aria-current="true"`));
      });

      it(`has landmarks, one heading of the first rank and a title in ${language}`, () => {
        for (const part of ['<header', '<nav', '<main id="content"', '<footer', '<a class="skip" href="#content">']) {
          expect(html.split(part), part).to.have.length(2);
        }
        expect(html.match(/<h1[ >]/g)).to.have.length(1);
        expect(html).to.match(/<title>[^<]+ · [^<]+<\/title>/);
      });

      it(`holds no script and no style of its own in ${language}`, () => {
        expect(html).to.not.match(/<style|javascript:|<[^>]*\s(?:style|on\w+)=/i);
        for (const [script] of html.matchAll(/<script.*/gi))
          expect(script).to.match(/^<script type="module" src="[^"]+"><\/script>$/);
        expect(html).to.not.match(/undefined|\[object|<%/);
      });

      it(`loads nothing but the style sheet, the icon and its script from the issuer in ${language}`, () => {
        const loaded = [...html.matchAll(/<link[^>]*href="([^"]+)"|\ssrc="([^"]+)"/g)].map(
          (match) => match[1] ?? match[2],
        );
        expect(loaded).to.have.length(name === 'present-card' ? 3 : 2);
        for (const url of loaded) expect(url).to.match(/^https:\/\/id\.example\.ma\/assets\//);
      });
    }
  });
}

describe('a template', () => {
  it('leaves nothing unescaped but other templates', () => {
    const folder = new URL('../../src/http/', import.meta.url);
    const templates = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.eta'),
    );
    expect(templates).to.have.length(11);
    for (const name of templates) {
      const source = readFileSync(new URL(name, folder), 'utf8');
      for (const [, raw] of source.matchAll(/<%~\s*(.*?)\s*%>/gs))
        expect(raw, name).to.match(/^(?:it\.body$|include\('@)/);
    }
  });

  it('escapes what portals, cards and addresses bring', () => {
    const hostile: Action = { action: HOSTILE, fields: { [HOSTILE]: HOSTILE } };
    const text = { fr: HOSTILE, ar: HOSTILE };
    const pages = [
      render('present-card', 'fr', {
        portal: { name: text, purpose: text },
        present: hostile,
        webEid: { present: hostile, script: HOSTILE },
        virtualCards: { script: HOSTILE, styleSheet: HOSTILE },
        cancel: { href: HOSTILE },
      }),
      render('consent', 'ar', {
        portal: {
          name: { [HOSTILE]: HOSTILE } as Record<string, string> /* a language that the type forbids */,
          purpose: text,
        },
        claims: [
          { name: HOSTILE, values: [{ value: HOSTILE, language: HOSTILE }] },
          { name: 'birthdate', values: [{ value: HOSTILE }] },
          { name: 'gender', values: [{ value: HOSTILE }] },
        ],
        maskedIdentifier: HOSTILE,
      }),
      render('refused', 'en', { reference: HOSTILE, tryAgain: hostile }),
      renderPage('error', DATA.error, setting('fr', { query: `?x=${HOSTILE}` })),
    ];
    for (const html of pages) {
      expect(html).to.not.match(/<script>|<img/i);
      expect(html).to.not.match(/=""'|"'>/);
    }
    expect(pages[0]).to.include('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});

describe('the language switch', () => {
  it('stays on the page: a query alone, which keeps what it held', () => {
    const html = renderPage('error', DATA.error, setting('fr', { query: '?step=2&lang=en' }));
    expect(html).to.include('href="?step=2&amp;lang=ar"');
  });

  it('is absent from a page that answers a form', () => {
    const { query: _query, ...answering } = setting('fr');
    expect(renderPage('error', DATA.error, answering)).to.not.include('<nav');
  });
});

describe('the page present-card', () => {
  it('names the portal and its purpose, and offers to present the card or to go back', () => {
    const html = render('present-card');
    expect(html).to.include('<bdi lang="fr">Renouvellement du passeport</bdi>');
    expect(html).to.include('<bdi lang="fr">Préremplir votre demande</bdi>');
    expect(html).to.include('<form method="post" action="/interaction/x/card" data-action="present-card"');
    expect(html).to.include('<input type="hidden" name="token" value="to&quot;ken">');
    expect(html).to.include('action="/interaction/x/abort" data-action="cancel"');
  });
});

describe('the way of Web eID on the page present-card', () => {
  const html = render('present-card');

  it('stays hidden until its script shows it: the other way works without', () => {
    expect(html).to.match(/<section class="way" data-way="web-eid"[^>]* hidden>/);
    expect(html).to.include(`<script type="module" src="${ISSUER}/assets/web-eid.js"></script>`);
  });

  it('has a form for the nonce and the token, which the script fills in', () => {
    expect(html).to.include('<form method="post" action="/interaction/x/web-eid" data-action="web-eid"');
    for (const field of ['nonce', 'token']) expect(html).to.include(`<input type="hidden" name="${field}" value="">`);
  });

  for (const { language, t } of LOCALES) {
    it(`holds a text for each step and each failure that the script can name, in ${language}`, () => {
      const source = readFileSync(new URL('../../src/http/assets/web-eid.js', import.meta.url), 'utf8');
      const named = [
        ...source.matchAll(/tell\('([a-z-]+)'/g),
        ...source.matchAll(/^ {2}[A-Z_]+: '([a-z-]+)',$/gm),
        ...source.matchAll(/: '(failed)'/g),
      ].map((match) => match[1]);
      const page = render('present-card', language);
      const texts = [...page.matchAll(/<template data-message="([^"]+)">/g)].map((match) => match[1]);
      expect(named).to.include('looking').and.to.include('not-installed').and.to.include('failed');
      expect(new Set(named)).to.deep.equal(new Set(texts));
      expect(page).to.include(t('web-eid.error.cancelled'));
    });
  }

  it('offers virtual cards instead in a sandbox', () => {
    const sandbox = render('present-card', 'en', {
      virtualCards: { script: `${ISSUER}/sandbox/x.js`, styleSheet: `${ISSUER}/sandbox/x.css` },
    });
    expect(sandbox).to.include('Choose a virtual card').and.not.to.include('Sign in with Web eID');
    expect(sandbox).to.include(`src="${ISSUER}/sandbox/x.js"`).and.to.include(`href="${ISSUER}/sandbox/x.css"`);
    expect(html).not.to.include('sandbox');
  });
});

describe('the banner of a sandbox', () => {
  it('stands on every page of a sandbox, and on no other', () => {
    for (const name of NAMES) {
      expect(renderPage(name, DATA[name], setting('en', { isSandbox: true })), name).to.include('Demonstration:');
      expect(render(name, 'en'), name).not.to.include('Demonstration:');
    }
  });
});

describe('the page consent', () => {
  it('shows each claim in words, with its value as the card has it', () => {
    const html = render('consent', 'fr');
    expect(html).to.include('<dt>Prénom</dt>');
    expect(html).to.include('<bdi lang="" dir="auto">Fatima</bdi>');
    expect(html).to.include('<bdi lang="ar" dir="rtl">فاطمة</bdi>');
    expect(html).to.include('15 mars 1990');
    expect(html).to.include('Féminin');
    expect(html).to.include('•••••456');
    expect(html).to.match(/data-claim="sub"[\s\S]*?class="note"/);
  });

  it("puts first what is written in the page's language", () => {
    const html = render('consent', 'ar');
    expect(html.indexOf('فاطمة')).to.be.lessThan(html.indexOf('Fatima'));
    const values = [{ value: 'Fatima' }, { value: 'ⴼⴰⵟⵉⵎⴰ', language: 'zgh-Tfng' }];
    const tifinagh = render('consent', 'zgh', { claims: [{ name: 'given_name', values }] });
    expect(tifinagh.indexOf('ⴼⴰⵟⵉⵎⴰ')).to.be.lessThan(tifinagh.indexOf('Fatima'));
  });

  it('is in Tamazight: claims and dates in its words, and the name of a portal that has none in it as the portal gave it', () => {
    const html = render('consent', 'zgh');
    expect(html).to.include('<dt>ⵉⵙⵎ ⵓⴷⵎⴰⵡⴰⵏ</dt>').and.to.include('15 ⵎⴰⵕⵚ 1990').and.to.include('ⵜⴰⵡⵜⵎⵜ');
    expect(html).to.include('Renouvellement du passeport');
    const named = { name: { fr: 'Impôts', zgh: 'ⵜⵉⵡⵉⵣⵉ' }, purpose: { ar: 'فتح فضائكم' } };
    const asking = render('present-card', 'zgh', { portal: named });
    expect(asking).to.include('<bdi lang="zgh">ⵜⵉⵡⵉⵣⵉ</bdi>').and.to.include('<bdi lang="ar">فتح فضائكم</bdi>');
  });

  it('offers to allow and to decline', () => {
    const html = render('consent');
    expect(html).to.include('action="/interaction/x/consent" data-action="consent"');
    expect(html).to.include('action="/interaction/x/decline" data-action="decline"');
  });

  it('says of a claim that the card does not hold that nothing is sent', () => {
    const html = render('consent', 'en', { claims: [{ name: 'gender', values: [] }] });
    expect(html).to.match(/data-claim="gender"[\s\S]*?<dd class="note">Not on your card/);
  });

  it('shows a claim that it has no words for under its own name', () => {
    const html = render('consent', 'en', { claims: [{ name: 'toString', values: [{ value: 'x' }] }] });
    expect(html).to.match(/<dt>Other information: .?toString.?<\/dt>/);
  });

  for (const odd of ['1990', '0000-03-15', '1990-13-45', 'yesterday']) {
    it(`shows a date of birth of another form, such as ${odd}, as it stands`, () => {
      const html = render('consent', 'fr', { claims: [{ name: 'birthdate', values: [{ value: odd }] }] });
      expect(html).to.include(`>${odd}</bdi>`);
    });
  }
});

describe('the pages refused and error', () => {
  it('carry the code for programs and for people, the time and the reference', () => {
    const html = render('refused', 'en');
    expect(html).to.include('<body data-code="CERT_REVOKED"');
    expect(html).to.include('<bdi dir="ltr">CERT_REVOKED</bdi>');
    expect(html).to.include('datetime="2026-11-25T14:32:05.123Z"');
    expect(html).to.include('10482');
    expect(html).to.include('This card was cancelled');
  });

  it('offer another try and the way back where there is an interaction, and nothing where there is none', () => {
    const refused = render('refused');
    expect(refused).to.include('href="/interaction/x" data-action="try-again"');
    expect(refused).to.include('data-action="cancel"');
    expect(render('error')).to.not.include('data-action');
  });

  it('do not say revoked of a card whose revocation could not be checked', () => {
    const html = render('refused', 'fr', { code: 'REVOCATION_STALE', messageKey: 'revocation-unavailable' });
    expect(html).to.include('momentanément indisponible');
    expect(html).to.not.match(/révoqu/i);
  });
});
