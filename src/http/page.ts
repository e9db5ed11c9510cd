/**
 * The pages: what each one needs to be shown, and how it becomes HTML. Templates are files, compiled once when the
 * program starts; every value is escaped. No page has a script or a style of its own (Content Security Policy Level 3);
 * the one that asks for the card loads a script, and works without it.
 */
import { readFileSync } from 'node:fs';
import { Eta } from 'eta';
import type { Code } from '../errors.ts';
import type { TaggedText } from '../identity/person.ts';
import type { LocalizedText } from '../relying-party/portal.ts';
import { assetUrl } from './assets.ts';
import type { RefusalMessage } from './error-response.ts';
import { LOCALES, type Locale, pickText } from './localization.ts';
import { displayClaims } from './sign-in/claim-display.ts';

/** Something that the citizen may do: follow a link, or send a form with these hidden fields. */
export type Action =
  | { readonly href: string }
  | { readonly action: string; readonly fields?: Readonly<Record<string, string>> };

/** A portal as the citizen sees it. */
export interface PortalView {
  readonly name: LocalizedText;
  readonly purpose: LocalizedText;
}

interface RefusalData {
  readonly code: Code;
  readonly messageKey: RefusalMessage;
  readonly at?: Date;
  /** Finds the event in the records: the sequence of the audit record, or the identifier of the request. */
  readonly reference?: string;
}

/** What each page shows. */
export interface PageData {
  readonly 'present-card': {
    readonly portal: PortalView;
    /** By the browser's own certificate dialogue. */
    readonly present: Action;
    /** Shown by its script alone, which fills in the fields of the form. */
    readonly webEid: { readonly present: Action; readonly script: string };
    /** In a demonstration: what stands where the extension would. */
    readonly virtualCards?: { readonly script: string; readonly styleSheet: string };
    readonly cancel: Action;
  };
  readonly consent: {
    readonly portal: PortalView;
    /** `sub` first if it is to be shown; a claim without values shows its explanation. */
    readonly claims: readonly { readonly name: string; readonly values: readonly TaggedText[] }[];
    /** The national identifier, masked. */
    readonly maskedIdentifier: string;
    readonly consent: Action;
    readonly decline: Action;
  };
  /** A portal, or the citizen, asks to end the session. */
  readonly 'sign-out': {
    readonly portal?: PortalView;
    readonly signOut: Action;
    /** Leaves the portal and keeps the session; where a portal asked. */
    readonly stay?: Action;
  };
  readonly 'signed-out': { readonly portal?: PortalView };
  /** A refusal within an interaction. */
  readonly refused: RefusalData & {
    readonly tryAgain?: Action;
    readonly cancel?: Action;
  };
  /** A refusal outside any interaction. */
  readonly error: RefusalData;
}
export type PageName = keyof PageData;

/** What surrounds every page. */
export interface PageSetting {
  readonly locale: Locale;
  /** The issuer's URL: the style sheet comes from there, on whatever host the page is shown. */
  readonly assetsBase: string;
  /**
   * The query of the page's own address, which the language switch keeps. Absent where the page answers a form: its
   * address cannot be asked for again, so that no switch is shown.
   */
  readonly query?: string;
  /** A demonstration says so on every page. */
  readonly isSandbox?: boolean;
}

const TEMPLATES = {
  layout: 'layout.eta',
  action: 'action.eta',
  portal: 'sign-in/portal.eta',
  refusal: 'refusal.eta',
  'present-card': 'sign-in/present-card.eta',
  'web-eid': 'sign-in/web-eid.eta',
  consent: 'sign-in/consent.eta',
  'sign-out': 'sign-out/sign-out.eta',
  'signed-out': 'sign-out/signed-out.eta',
  refused: 'sign-in/refused.eta',
  error: 'error.eta',
} as const satisfies Record<PageName, string> & Record<string, string>;

const eta = new Eta({
  autoEscape: true,
  functionHeader: 'const { t, locale, data } = it;',
});
// A name with @ is looked up among the loaded templates only, never in the file system.
for (const [name, file] of Object.entries(TEMPLATES)) {
  eta.loadTemplate(`@${name}`, readFileSync(new URL(file, import.meta.url), 'utf8'));
}

/** The whole HTML document. */
export function renderPage<Name extends PageName>(name: Name, data: PageData[Name], setting: PageSetting): string {
  const { locale, assetsBase, query, isSandbox = false } = setting;
  return eta.render(`@${name}`, {
    name,
    data,
    locale,
    t: locale.t,
    pick: (text: LocalizedText) => pickText(text, locale),
    displayClaims,
    isSandbox,
    styleSheet: assetUrl('styleSheet', assetsBase),
    icon: assetUrl('icon', assetsBase),
    languages: query === undefined ? [] : LOCALES.map((other) => ({ ...other, href: switchTo(other.language, query) })),
  });
}

/** A query alone stays on the page's own path, whatever that is. */
function switchTo(language: string, query: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set('lang', language);
  return `?${parameters}`;
}
