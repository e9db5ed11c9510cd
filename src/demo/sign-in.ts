/**
 * Signs in to the demonstration portal with a card file, doing what a citizen's browser does: redirects, cookies, the
 * forms of our pages, and the TLS handshake with the card host, or what the Web eID extension does with the page's
 * challenge. No browser, no short cut: the service sees no difference.
 */
import { type Clock, systemClock } from '../clock.ts';
import { CookieJar } from './cookie-jar.ts';
import { exchange, type PageResponse, type SoftwareCard, type TlsIdentity } from './page-exchange.ts';
import { bodyAttribute, findAction, headingOf, type PageAction, sendsNoReferrer } from './page-reading.ts';
import { signWebEidToken } from './web-eid-token.ts';

export interface SignInOptions {
  /** The start page of the portal. */
  readonly portal: URL;
  /** Without one, the citizen presents no card. */
  readonly card?: SoftwareCard;
  /** How the card is presented; by the browser's own dialogue unless told. */
  readonly by?: PresentationWay;
  readonly tlsRootPem: string | Buffer;
  /** Accept-Language. */
  readonly language?: string;
  readonly clock?: Clock;
}

/** Signed in, with what the portal received; or refused, with the code of the page on which it ended. */
export type SignInOutcome =
  | {
      readonly claims: Readonly<Record<string, unknown>>;
      /** The decoded ID token, and userinfo. */
      readonly tokens: Readonly<Record<string, unknown>>;
    }
  | {
      /** Code of the service, or the OAuth error that the portal shows. */
      readonly code: string;
      readonly status: number;
      /** The heading of the page, as the citizen reads it. */
      readonly title: string;
    };

/** The journey ended without an answer of the service: it does not run, or shows a page that this client does not know. */
export class SignInInterrupted extends Error {
  override readonly name = 'SignInInterrupted';
}

/** A sign-in takes about a dozen; a loop of redirects ends here. */
const MOST_EXCHANGES = 40;

export const PRESENTATION_WAYS = ['client-certificate', 'web-eid'] as const;
export type PresentationWay = (typeof PRESENTATION_WAYS)[number];

/** What a citizen presses who wants to sign in, in no particular order: a page has one of them. */
const ACTIONS = {
  'client-certificate': ['present-card', 'consent'],
  'web-eid': ['web-eid', 'consent'],
} as const satisfies Record<PresentationWay, readonly string[]>;

/** @throws SignInInterrupted */
export async function signInWithCard(options: SignInOptions): Promise<SignInOutcome> {
  const browser = createBrowser(options);
  let response = await browser.get(new URL('/login', options.portal));
  for (;;) {
    const { url, status, headers, body } = response;
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      response = await browser.get(new URL(headers.location, url));
      continue;
    }
    const code = bodyAttribute(body, 'data-code') ?? bodyAttribute(body, 'data-error');
    if (code !== undefined) return { code, status, title: headingOf(body) ?? '' };
    if (url.origin === options.portal.origin && status === 200) {
      return {
        claims: await readJson(browser, options, '/me'),
        tokens: await readJson(browser, options, '/me/tokens'),
      };
    }

    const actions = ACTIONS[options.by ?? 'client-certificate'];
    const name = actions.find((candidate) => findAction(body, candidate, url) !== undefined);
    const action = name && findAction(body, name, url);
    if (action === undefined) {
      throw new SignInInterrupted(`no way to go on from the page at ${url.origin}${url.pathname} (status ${status})`);
    }
    if (action.method === 'POST') {
      const origin = sendsNoReferrer(body, String(headers['referrer-policy'])) ? 'null' : url.origin;
      const fields = name === 'web-eid' ? await answerChallenge(browser, action, origin, options) : action.fields;
      response = await browser.post(action.url, fields, origin);
    } else {
      response = await browser.get(action.url);
    }
  }
}

/** What the page's script and the extension do together: a nonce at the click, a token for the form. */
async function answerChallenge(
  browser: Browser,
  form: PageAction,
  origin: string,
  { card }: SignInOptions,
): Promise<URLSearchParams> {
  if (card === undefined) throw new SignInInterrupted('Web eID needs a card');
  const { status, body } = await browser.post(new URL(`${form.url}/challenge`), new URLSearchParams(), origin);
  const answer: unknown = status === 200 ? JSON.parse(body) : undefined;
  if (typeof answer !== 'object' || answer === null || !('nonce' in answer) || typeof answer.nonce !== 'string') {
    throw new SignInInterrupted(`the service gives no challenge (status ${status})`);
  }
  const token = signWebEidToken(card, form.url.origin, answer.nonce);
  return new URLSearchParams({ nonce: answer.nonce, token: JSON.stringify(token) });
}

async function readJson(
  browser: Browser,
  options: SignInOptions,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await browser.get(new URL(path, options.portal));
  const value: unknown = status === 200 ? JSON.parse(body) : undefined;
  if (typeof value !== 'object' || value === null) {
    throw new SignInInterrupted(`the portal says that nobody is signed in (status ${status})`);
  }
  return { ...value };
}

interface Browser {
  get(url: URL): Promise<PageResponse>;
  post(url: URL, fields: URLSearchParams, origin: string): Promise<PageResponse>;
}

function createBrowser(options: SignInOptions): Browser {
  const jar = new CookieJar();
  const clock = options.clock ?? systemClock;
  const identity: TlsIdentity = { tlsRootPem: options.tlsRootPem, card: options.card };
  let left = MOST_EXCHANGES;

  const send = async (method: 'GET' | 'POST', url: URL, body?: string, origin?: string): Promise<PageResponse> => {
    left -= 1;
    if (left < 0) throw new SignInInterrupted(`no end of the sign-in after ${MOST_EXCHANGES} requests`);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new SignInInterrupted(`a page leads to an address of the scheme ${url.protocol}`);
    }
    const cookie = jar.headerFor(url, clock());
    const headers = {
      Accept: 'text/html,application/json',
      'Accept-Language': options.language ?? 'en',
      ...(cookie !== undefined && { Cookie: cookie }),
      ...(origin !== undefined && { Origin: origin }),
    };
    const response = await exchange({ method, url, headers, ...(body !== undefined && { body }) }, identity).catch(
      (cause: unknown) => {
        throw new SignInInterrupted(explainFailure(url, cause), { cause });
      },
    );
    jar.store(url, response.headers['set-cookie'] ?? [], clock());
    return response;
  };

  return {
    get: (url) => send('GET', url),
    post: (url, fields, origin) => send('POST', url, fields.toString(), origin),
  };
}

function explainFailure(url: URL, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code === 'ECONNREFUSED') {
    return `nothing listens at ${url.origin}: start the demonstration first (npm start), and give the same ports`;
  }
  if (cause instanceof Error && cause.name === 'TimeoutError') return `${url.origin} does not answer in time`;
  return `the exchange with ${url.origin} failed${code === undefined ? '' : ` (${code})`}`;
}
