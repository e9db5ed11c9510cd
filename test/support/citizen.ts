/**
 * A citizen's browser, step by step: what `demo sign-in` does in one go, a flow test does by hand, so that it can do
 * the wrong thing at each step.
 */
import { CookieJar } from '../../src/demo/cookie-jar.ts';
import { exchange, type PageResponse, type SoftwareCard } from '../../src/demo/page-exchange.ts';
import { bodyAttribute, findAction } from '../../src/demo/page-reading.ts';

export interface CitizenOptions {
  readonly tlsRootPem: string;
  readonly card?: SoftwareCard;
  readonly language?: string;
}

export class Citizen {
  readonly #options: CitizenOptions;
  readonly jar: CookieJar;

  /** @param jar of another citizen, who sat at this browser before */
  constructor(options: CitizenOptions, jar = new CookieJar()) {
    this.#options = options;
    this.jar = jar;
  }

  /** One request, without following a redirect. */
  async send(
    method: 'GET' | 'POST',
    url: URL,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<PageResponse> {
    const at = new Date();
    const cookie = this.jar.headerFor(url, at);
    const response = await exchange(
      {
        method,
        url,
        headers: {
          Accept: 'text/html',
          'Accept-Language': this.#options.language ?? 'en',
          ...(cookie !== undefined && { Cookie: cookie }),
          ...headers,
        },
        ...(body !== undefined && { body }),
      },
      this.#options,
    );
    this.jar.store(url, response.headers['set-cookie'] ?? [], at);
    return response;
  }

  /** Follows redirects until `stop` says so, or a page is reached. */
  async follow(first: PageResponse, stop: (next: URL) => boolean = () => false): Promise<PageResponse> {
    let response = first;
    for (let step = 0; step < 20; step++) {
      const next = redirectOf(response);
      if (next === undefined || stop(next)) return response;
      response = await this.send('GET', next);
    }
    throw new Error('the redirects do not end');
  }

  /** Opens the portal's sign-in: ends on the page that asks for the card. */
  async begin(portal: URL): Promise<PageResponse> {
    return this.follow(await this.send('GET', new URL('/login', portal)));
  }

  /** Presses a button of a page, as its own origin, without following where it leads. */
  async press(page: PageResponse, name: string): Promise<PageResponse> {
    const action = findAction(page.body, name, page.url);
    if (action === undefined) throw new Error(`the page has no action ${name}`);
    return action.method === 'GET'
      ? this.send('GET', action.url)
      : this.send('POST', action.url, { Origin: page.url.origin }, action.fields.toString());
  }
}

export function redirectOf(response: PageResponse): URL | undefined {
  const { location } = response.headers;
  return response.status >= 300 && response.status < 400 && location !== undefined
    ? new URL(location, response.url)
    : undefined;
}

export function codeOf(page: PageResponse): string | undefined {
  return bodyAttribute(page.body, 'data-code') ?? bodyAttribute(page.body, 'data-error');
}
