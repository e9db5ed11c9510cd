import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { assetUrl, findAsset } from '../../src/http/assets.ts';

const ISSUER = 'https://id.example.ma';
const pathOf = (url: string): string => new URL(url).pathname;
const sheet = findAsset(pathOf(assetUrl('styleSheet', ISSUER)));
const css = String(sheet?.body);

describe('the assets', () => {
  it('are addressed on the issuer, by the hash of their content, and may be kept for good', () => {
    const url = assetUrl('styleSheet', ISSUER);
    const hash = createHash('sha256').update(css).digest('hex').slice(0, 12);
    expect(url).to.equal(`${ISSUER}/assets/thiqa.${hash}.css`);
    expect(sheet?.headers['content-type']).to.equal('text/css; charset=utf-8');
    expect(sheet?.headers['cache-control']).to.include('immutable');
  });

  it('include every font that the style sheet names, usable from the card host', () => {
    const fonts = [...css.matchAll(/url\("([^"]+)"\)/g)].map((match) => findAsset(`/assets/${match[1]}`));
    expect(fonts).to.have.length(7);
    for (const font of fonts) {
      expect(font?.body.subarray(0, 4).toString('latin1')).to.equal('wOF2');
      expect(font?.headers['content-type']).to.equal('font/woff2');
      expect(font?.headers['access-control-allow-origin']).to.equal('*');
    }
  });

  it('include the script of the page that asks for the card, and no other', () => {
    const script = findAsset(pathOf(assetUrl('webEidScript', ISSUER)));
    expect(script?.path).to.match(/^\/assets\/web-eid\.[0-9a-f]{12}\.js$/);
    expect(script?.headers['content-type']).to.equal('text/javascript; charset=utf-8');
    expect(script?.headers['x-content-type-options']).to.equal('nosniff');
  });

  it('are the table and nothing else', () => {
    const good = pathOf(assetUrl('icon', ISSUER));
    expect(findAsset(good)).to.not.equal(undefined);
    for (const path of [
      '/assets/',
      '/assets/thiqa.css',
      '/assets/../assets.ts',
      '/assets/..%2fassets.ts',
      good.toUpperCase(),
      `/${good}`,
      `${good}/`,
      '__proto__',
    ]) {
      expect(findAsset(path), path).to.equal(undefined);
    }
  });
});

describe('the style sheet', () => {
  it('reads from either side: no physical left or right', () => {
    expect(css).to.not.match(
      /(?:^|[\s;{-])(?:left|right)\s*:|(?:margin|padding|border)-(?:left|right)|text-align:\s*(?:left|right)/m,
    );
  });

  for (const [letter, family] of [
    ['é', 'Noto Sans'],
    ['ث', 'Noto Sans Arabic'],
    ['ⵣ', 'Noto Sans Tifinagh'],
  ] as const) {
    it(`has one font of ours for ${letter}, which a page without such letters does not fetch`, () => {
      expect(familiesFor(letter)).to.deep.equal(new Set([family]));
      expect(/^html \{[^}]*font-family: ([^;]+);/m.exec(css)?.[1]).to.include(`"${family}"`);
    });
  }

  it('loads nothing from elsewhere', () => {
    expect(css).to.not.match(/@import|https?:|data:/);
  });

  it("answers the reader's wishes: forced colours, less motion", () => {
    expect(css).to.include('forced-colors: active');
    expect(css).to.include('prefers-reduced-motion');
  });
});

/** The families whose faces are for this letter (CSS Fonts 4, 4.5: unicode-range). */
function familiesFor(letter: string): Set<string | undefined> {
  const code = letter.codePointAt(0) ?? 0;
  const faces = [...css.matchAll(/@font-face \{[^}]*\}/g)].map(([face]) => face);
  const isFor = (face: string): boolean =>
    [...face.matchAll(/U\+([0-9A-F]+)(?:-([0-9A-F]+))?/g)].some(
      ([, first = '', last = first]) => code >= Number.parseInt(first, 16) && code <= Number.parseInt(last, 16),
    );
  return new Set(faces.filter(isFor).map((face) => /font-family: "([^"]+)"/.exec(face)?.[1]));
}
