/**
 * Cookies as a browser keeps them (RFC 6265 5.3, 5.4): by host, whatever the port, and by path. Cookies of a whole domain
 * are not needed here and are kept for the host alone.
 */

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since the epoch; absent until the end of the session. */
  readonly expiresAt?: number;
}

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Takes in the Set-Cookie headers of a response from `url`. */
  store(url: URL, headers: readonly string[], at: Date): void {
    for (const header of headers) {
      const cookie = parseSetCookie(header, url, at);
      if (cookie === undefined) continue;
      const key = JSON.stringify([cookie.host, cookie.path, cookie.name]);
      if (cookie.expiresAt !== undefined && cookie.expiresAt <= at.getTime()) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The Cookie header for a request to `url`; undefined when no cookie goes there. */
  headerFor(url: URL, at: Date): string | undefined {
    const sent = [...this.#cookies.values()]
      .filter(
        ({ host, path, secure, expiresAt }) =>
          host === url.hostname &&
          pathMatches(url.pathname, path) &&
          (!secure || isTrustworthy(url)) &&
          (expiresAt === undefined || expiresAt > at.getTime()),
      )
      // 5.4: longer paths first.
      .sort((a, b) => b.path.length - a.path.length);
    return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function parseSetCookie(header: string, url: URL, at: Date): Cookie | undefined {
  const [pair = '', ...rest] = header.split(';');
  const separator = pair.indexOf('=');
  if (separator < 1) return undefined;
  const attributes = new Map(
    rest.map((text): [string, string] => {
      const [name = '', ...value] = text.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()];
    }),
  );
  const path = attributes.get('path');
  const expiresAt = expiry(attributes, at);
  return {
    name: pair.slice(0, separator).trim(),
    value: pair.slice(separator + 1).trim(),
    host: url.hostname,
    path: path?.startsWith('/') ? path : defaultPath(url),
    secure: attributes.has('secure'),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** 5.3: Max-Age counts before Expires. */
function expiry(attributes: ReadonlyMap<string, string>, at: Date): number | undefined {
  const maxAge = Number(attributes.get('max-age') ?? Number.NaN);
  if (!Number.isNaN(maxAge)) return at.getTime() + maxAge * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? undefined : expires;
}

/** 5.1.4 */
function defaultPath({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/')) || '/';
}

/** 5.1.4 */
function pathMatches(requested: string, path: string): boolean {
  if (requested === path) return true;
  return requested.startsWith(path) && (path.endsWith('/') || requested[path.length] === '/');
}

/** Browsers send secure cookies over plain HTTP to loopback names, which never leave the machine. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
}
