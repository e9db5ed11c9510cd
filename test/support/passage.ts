/**
 * A citizen's browser from an authorization request to its end: redirects, the pages of the sign-in with their buttons,
 * and a page that posts its form by itself (OAuth 2.0 Form Post Response Mode 1.0). It says which pages the citizen saw.
 */
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { findAction, unescapeText } from '../../src/demo/page-reading.ts';
import { type Citizen, codeOf, redirectOf } from './citizen.ts';

export interface Passage {
  /** The pages that asked the citizen for something, in order: `present-card`, `consent`. */
  readonly pages: readonly string[];
  /** Where the browser would leave for; undefined when it stopped on a page of the service. */
  readonly arrived?: {
    readonly url: URL;
    readonly method: 'GET' | 'POST';
    /** Of the query, or of the posted form. */
    readonly parameters: URLSearchParams;
  };
  /** The last response of the service. */
  readonly last: PageResponse;
  /** Code or beginning of the last page, for a message of a failed test. */
  readonly lastPage: string;
}

/** What a citizen presses who wants to go on. */
const ACTIONS = ['present-card', 'consent', 'sign-out'] as const;
const MOST_STEPS = 40;

/** @param isDestination true for an address at which the service is left */
export async function passThrough(
  citizen: Citizen,
  first: PageResponse,
  isDestination: (next: URL) => boolean,
): Promise<Passage> {
  const pages: string[] = [];
  let response = first;
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = redirectOf(response);
    if (next !== undefined) {
      if (isDestination(next)) {
        return ended(pages, response, { url: next, method: 'GET', parameters: next.searchParams });
      }
      response = await citizen.send('GET', next);
      continue;
    }
    const posted = selfPostingForm(response);
    if (posted !== undefined && isDestination(posted.url)) return ended(pages, response, { ...posted, method: 'POST' });
    const { body, url } = response;
    const name = codeOf(response) === undefined && ACTIONS.find((one) => findAction(body, one, url) !== undefined);
    if (!name) return ended(pages, response);
    pages.push(name);
    response = await citizen.press(response, name);
  }
  throw new Error(`the pages do not end: ${pages.join(', ')}`);
}

function ended(pages: readonly string[], last: PageResponse, arrived?: Passage['arrived']): Passage {
  const lastPage = `${last.status} ${last.url.pathname} ${codeOf(last) ?? last.body.slice(0, 200)}`;
  return { pages, last, lastPage, ...(arrived && { arrived }) };
}

/** The one form of a page that has no button for a person. */
function selfPostingForm({
  body,
}: PageResponse): { readonly url: URL; readonly parameters: URLSearchParams } | undefined {
  const form = /<form method="post" action="([^"]*)">([\s\S]*?)<\/form>/i.exec(body);
  if (form === null || /data-action/.test(form[0])) return undefined;
  const parameters = new URLSearchParams();
  for (const [, name, value] of (form[2] ?? '').matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"\s*\/?>/g,
  )) {
    parameters.append(unescapeText(name ?? ''), unescapeText(value ?? ''));
  }
  return { url: new URL(unescapeText(form[1] ?? '')), parameters };
}
