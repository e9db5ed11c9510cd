/**
 * Reads our own pages, and only them: their actions, and the code or the error that they carry. The pages are written by
 * this project, with every attribute in double quotes and every value escaped, so a few regular expressions suffice.
 */

/** What a link or a form with `data-action` asks a browser to send. */
export interface PageAction {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly fields: URLSearchParams;
}

type Attributes = Readonly<Record<string, string>>;

/** The action of that name on the page; undefined when the page has none. */
export function findAction(page: string, name: string, pageUrl: URL): PageAction | undefined {
  for (const [, tag, text] of page.matchAll(/<(?:form|a)\b([^>]*)>([\s\S]*?)<\/(?:form|a)>/g)) {
    const attributes = readAttributes(tag);
    if (attributes['data-action'] !== name) continue;
    if (attributes.href !== undefined) {
      return { method: 'GET', url: new URL(attributes.href, pageUrl), fields: new URLSearchParams() };
    }
    return {
      method: attributes.method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
      // A form without an action goes to its own page (HTML 4.10.21.3).
      url: new URL(attributes.action ?? pageUrl.href, pageUrl),
      fields: readFields(text ?? ''),
    };
  }
  return undefined;
}

/** Hidden inputs, and the button that submits when it has a name. */
function readFields(form: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [, tag] of form.matchAll(/<(?:input|button)\b([^>]*)>/g)) {
    const { name, value } = readAttributes(tag);
    if (name !== undefined) fields.append(name, value ?? '');
  }
  return fields;
}

/** The attribute of `<body>`: `data-code` of a page of the service, `data-error` of the portal. */
export function bodyAttribute(page: string, name: 'data-code' | 'data-error'): string | undefined {
  return readAttributes(/<body\b([^>]*)>/.exec(page)?.[1])[name];
}

/** The text of the first heading, without its markup. */
export function headingOf(page: string): string | undefined {
  const heading = /<h1\b[^>]*>([\s\S]*?)<\/h1>/.exec(page)?.[1];
  return heading === undefined ? undefined : unescapeText(heading.replace(/<[^>]*>/g, '')).trim();
}

/** True when the page lets no address of it go out, so that a form on it is sent with `Origin: null`. */
export function sendsNoReferrer(page: string, referrerPolicy: string): boolean {
  return referrerPolicy === 'no-referrer' || /<meta name="referrer" content="no-referrer">/.test(page);
}

function readAttributes(tag: string | undefined): Attributes {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of (tag ?? '').matchAll(/([\w-]+)="([^"]*)"/g)) {
    if (name !== undefined) attributes[name] = unescapeText(value ?? '');
  }
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text as it stood before it was escaped for HTML. */
export function unescapeText(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hexadecimal, decimal, name) => {
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}
