/**
 * Which language a page speaks, and the texts of that language.
 *
 * One file in `locales/` is one language: its name is the BCP 47 language, and it says of itself what it is called and
 * which way it is written (`language.name`, `language.direction`, `language.tag`). Adding a file adds a language.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createInstance } from 'i18next';
import type french from './locales/fr.json';

/** The languages are equal in keys (a test holds them to it), so that French can stand for all of them in types. */
export type MessageKey = keyof typeof french;
export type Parameters = Readonly<Record<string, string | number>>;

export interface Locale {
  /** The name of the file: `ar`, `fr`, `en`, `zgh`. */
  readonly language: string;
  /** What the language calls itself. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  /** ISO 15924, in small letters: `latn`. */
  readonly script: string;
  /** BCP 47, for dates and numbers (RFC 6067 extensions allowed). */
  readonly tag: string;
  /** @throws TypeError when no language has the key: a programmer's mistake. */
  t(key: MessageKey, parameters?: Parameters): string;
}

/** What is known of the citizen's wishes, as text that arrived from outside. */
export interface LanguageWishes {
  /** The citizen's own choice in this sign-in: the language switch (`?lang=`), or what the interaction remembers of it. */
  readonly chosen?: string | undefined;
  /** OpenID Connect Core 3.1.2.1: space-separated BCP 47 tags in order of preference. */
  readonly uiLocales?: string | undefined;
  /** The `lang` cookie, which the language switch left at an earlier visit. */
  readonly cookie?: string | undefined;
  /** RFC 9110 12.5.4. */
  readonly acceptLanguage?: string | undefined;
}

const DEFAULT_LANGUAGE = 'fr';
/**
 * Standard Moroccan Tamazight is written for the speakers of these, and asked for by the tag of one of their languages, or of
 * the family (ISO 639-5). Not for those of Kabyle, which is read in Latin letters.
 */
const SERVED_BY: ReadonlyMap<string, string> = new Map(['ber', 'tzm', 'shi', 'rif'].map((tag) => [tag, 'zgh']));
/** No browser and no portal asks for more; the rest of a longer list is not read. */
const MAX_WISHES = 20;

const FOLDER = new URL('./locales/', import.meta.url);
const TEXTS = readTexts();
const translator = createInstance();

await translator.init({
  resources: Object.fromEntries([...TEXTS].map(([language, texts]) => [language, { translation: texts }])),
  fallbackLng: DEFAULT_LANGUAGE,
  // Keys are flat and hold dots: nothing in them is a path or a namespace.
  keySeparator: false,
  nsSeparator: false,
  // HTML is escaped once, in the templates. Here a value is set apart from the sentence around it.
  interpolation: { escape: isolate },
  saveMissing: true,
  missingKeyHandler: (_languages, _namespace, key) => {
    throw new TypeError(`no language has a text for ${key}`);
  },
});

/** Every language, in the order in which the language switch shows them: the default first. */
export const LOCALES: readonly Locale[] = [...TEXTS.keys()].map(loadLocale);

/** The language that serves these wishes best: the first that we speak, in the order of LanguageWishes; else French. */
export function chooseLocale(wishes: LanguageWishes): Locale {
  const wanted = [
    wishes.chosen ?? '',
    ...(wishes.uiLocales ?? '').split(' ').slice(0, MAX_WISHES),
    wishes.cookie ?? '',
    ...readAcceptLanguage(wishes.acceptLanguage ?? ''),
  ];
  for (const tag of wanted) {
    const locale = spoken(tag);
    if (locale) return locale;
  }
  return localeOf(DEFAULT_LANGUAGE);
}

/**
 * The locale of a language that is known to be there.
 * @throws TypeError when no file has that name
 */
export function localeOf(language: string): Locale {
  const locale = LOCALES.find((candidate) => candidate.language === language);
  if (!locale) throw new TypeError(`there is no language ${language}`);
  return locale;
}

/**
 * RFC 4647 3.4 (lookup): `ar-MA` is served by `ar`. But whoever names a script is not served in another that they may not
 * read: `tzm-Latn-DZ` not in Tifinagh.
 */
function spoken(tag: string): Locale | undefined {
  const wish = tag.trim().toLowerCase();
  const script = /^[a-z]{2,3}(?:-[a-z]{3}){0,3}-([a-z]{4})(?:-|$)/.exec(wish)?.[1];
  const subtags = wish.split('-');
  for (let length = Math.min(subtags.length, 4); length > 0; length--) {
    const range = subtags.slice(0, length).join('-');
    const language = SERVED_BY.get(range) ?? range;
    const locale = LOCALES.find((candidate) => candidate.language === language);
    if (locale) return script === undefined || script === locale.script ? locale : undefined;
  }
  return undefined;
}

/** RFC 9110 12.5.4: the tags by descending weight; those of weight 0, and anything that is not well-formed, left out. */
function readAcceptLanguage(header: string): string[] {
  const ranges: { tag: string; weight: number }[] = [];
  for (const item of header.split(',').slice(0, MAX_WISHES)) {
    const match = /^\s*([A-Za-z0-9-]{1,35})\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/.exec(item);
    const weight = Number(match?.[2] ?? 1);
    if (match?.[1] !== undefined && weight > 0) ranges.push({ tag: match[1], weight });
  }
  return ranges.sort((a, b) => b.weight - a.weight).map(({ tag }) => tag);
}

function readTexts(): Map<string, Readonly<Record<string, string>>> {
  const languages = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort((a, b) => Number(b === DEFAULT_LANGUAGE) - Number(a === DEFAULT_LANGUAGE) || (a < b ? -1 : 1));
  return new Map(
    languages.map((language) => [language, JSON.parse(readFileSync(new URL(`${language}.json`, FOLDER), 'utf8'))]),
  );
}

function loadLocale(language: string): Locale {
  const translate = translator.getFixedT(language);
  // A text without parameters is always the same.
  const plain = new Map<MessageKey, string>();
  const t = (key: MessageKey, parameters?: Parameters): string => {
    if (parameters !== undefined) return translate(key, { ...parameters });
    const text = plain.get(key) ?? translate(key);
    plain.set(key, text);
    return text;
  };
  return Object.freeze({
    language,
    name: t('language.name'),
    direction: t('language.direction') === 'rtl' ? 'rtl' : 'ltr',
    script: new Intl.Locale(t('language.tag')).maximize().script?.toLowerCase() ?? '',
    tag: t('language.tag'),
    t,
  });
}

/**
 * Unicode Standard Annex 9, 2.7: a portal's Latin name inside an Arabic sentence keeps its own direction and does not
 * disturb the sentence's. Direction controls inside the value are removed, so that it cannot leave its isolate.
 */
function isolate(value: string): string {
  return `\u2068${String(value).replace(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')}\u2069`;
}

/** The text in the page's language if it has one, else in another one that it has, with the language it is in. */
export function pickText(
  text: Readonly<Partial<Record<string, string>>>,
  locale: Locale,
): { readonly value: string; readonly language: string } {
  for (const language of new Set([locale.language, ...LOCALES.map((other) => other.language), ...Object.keys(text)])) {
    const value = text[language];
    if (value !== undefined && value !== '') return { value, language };
  }
  return { value: '', language: locale.language };
}
