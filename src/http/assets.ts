/**
 * The files that pages load: one style sheet, the icon, the fonts and one script, from a fixed table. A request never becomes a
 * path of the file system. The address of a file holds the hash of its content, so that a browser may keep it for good.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface Asset {
  /** The path under which it is served, such as `/assets/thiqa.0f3a9c1b2d4e.css`. */
  readonly path: string;
  readonly body: Buffer;
  /** Ready to be set on the response, together with the body. */
  readonly headers: Readonly<Record<string, string>>;
}

const PREFIX = '/assets/';
const FONT_FILES = {
  'noto-sans-latin-400': '@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2',
  'noto-sans-latin-600': '@fontsource/noto-sans/files/noto-sans-latin-600-normal.woff2',
  'noto-sans-latin-ext-400': '@fontsource/noto-sans/files/noto-sans-latin-ext-400-normal.woff2',
  'noto-sans-latin-ext-600': '@fontsource/noto-sans/files/noto-sans-latin-ext-600-normal.woff2',
  'noto-sans-arabic-400': '@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff2',
  'noto-sans-arabic-600': '@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-600-normal.woff2',
  // There is one weight of it; browsers make the bold one.
  'noto-sans-tifinagh-400': '@fontsource/noto-sans-tifinagh/files/noto-sans-tifinagh-tifinagh-400-normal.woff2',
} as const;

const resolveFile = createRequire(import.meta.url).resolve;
const fonts = Object.entries(FONT_FILES).map(
  ([name, file]) => [name, makeAsset(name, 'woff2', 'font/woff2', readFileSync(resolveFile(file)))] as const,
);
const ASSETS = {
  styleSheet: makeAsset('thiqa', 'css', 'text/css; charset=utf-8', readStyleSheet()),
  webEidScript: makeAsset(
    'web-eid',
    'js',
    'text/javascript; charset=utf-8',
    readFileSync(new URL('./assets/web-eid.js', import.meta.url)),
  ),
  icon: makeAsset('icon', 'svg', 'image/svg+xml', readFileSync(new URL('./assets/icon.svg', import.meta.url))),
} as const;

const BY_PATH: ReadonlyMap<string, Asset> = new Map(
  [...Object.values(ASSETS), ...fonts.map(([, asset]) => asset)].map((asset) => [asset.path, asset]),
);

/** The asset served at exactly this path of a request, if there is one. */
export function findAsset(path: string): Asset | undefined {
  return BY_PATH.get(path);
}

/**
 * The absolute address of an asset: the card host's pages load it from the issuer.
 * @param assetsBase the issuer's URL
 */
export function assetUrl(name: keyof typeof ASSETS, assetsBase: string): string {
  return new URL(ASSETS[name].path, assetsBase).href;
}

function makeAsset(name: string, extension: string, contentType: string, body: Buffer): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return Object.freeze({
    path: `${PREFIX}${name}.${hash}.${extension}`,
    body,
    headers: Object.freeze({
      'content-type': contentType,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      // A page of the card host may use them; a font is always fetched in CORS mode (CSS Fonts 4, 4.9).
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    }),
  });
}

/** The style sheet with the name of each font replaced by its address, relative to the sheet's own. */
function readStyleSheet(): Buffer {
  const addresses = new Map(fonts.map(([name, asset]) => [`${name}.woff2`, asset.path.slice(PREFIX.length)]));
  const sheet = readFileSync(new URL('./assets/thiqa.css', import.meta.url), 'utf8');
  const complete = sheet.replace(/url\("([^"]*)"\)/g, (_match, file: string) => {
    const address = addresses.get(file);
    if (address === undefined)
      throw new TypeError(`the style sheet names ${file}, which is not in the table of assets`);
    return `url("${address}")`;
  });
  return Buffer.from(complete);
}
