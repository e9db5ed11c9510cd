/**
 * The one way out: every outgoing HTTP request of the service (S9, S11, S29).
 *
 * An address is refused unless its host is on the allow list, its scheme is http or https, its port is the scheme's own
 * or listed, and it carries no credentials. The name is resolved once, every answer is checked, and the connection goes
 * to an answer that was checked: a name that resolves differently a moment later (rebinding) changes nothing. Each
 * redirect passes the same rules. Size and total time are bounded.
 */
import { lookup as resolveName } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { type ServiceCode, ServiceError } from '../errors.ts';
import { isPublicAddress } from './address-rules.ts';

export interface FetchRules {
  /**
   * `host` for the standard ports of http and https, `host:port` for that port alone. Exact, no patterns. Or
   * `public-https`: any host over https on its standard port, and the hosts of `privateHosts` over https.
   */
  readonly allowedHosts: readonly string[] | 'public-https';
  /** Of these hosts (written as in `allowedHosts`), addresses of private ranges are accepted too. */
  readonly privateHosts: readonly string[];
  /** With `public-https`: those of `privateHosts` that are on loopback may be asked over http. */
  readonly httpOnLoopback?: boolean;
  /** 200 alone unless told; and 304 when the request was conditional. */
  readonly goodStatuses?: readonly number[];
  /** PEM: trusted beside the usual CAs, for the certificates of `privateHosts` alone. */
  readonly authorities?: string | undefined;
  /** From the first octet sent to the last received, redirects included. */
  readonly timeoutMilliseconds: number;
  readonly maximumOctets: number;
  readonly maximumRedirects?: number;
}

export interface FetchRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface Fetched {
  /** One of the rule's good ones, or 304 when the request was conditional. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Throws ServiceError FETCH_REFUSED, FETCH_TIMEOUT, FETCH_TOO_LARGE, FETCH_FAILED; the caller's abort is FETCH_FAILED. */
export type GuardedFetch = (address: string, request?: FetchRequest) => Promise<Fetched>;

/** `resolve` is a parameter for tests alone: what a name resolves to is the attacker's move in S9. */
export function createGuardedFetch(
  rules: FetchRules,
  resolve: LookupFunction = resolveName as LookupFunction,
): GuardedFetch {
  return async (address, request = {}) => {
    const deadline = AbortSignal.timeout(rules.timeoutMilliseconds);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    try {
      return await follow(address, request, rules, resolve, signal);
    } catch (cause) {
      if (cause instanceof ServiceError) throw cause;
      if (deadline.aborted) throw failure('FETCH_TIMEOUT', 'the answer did not come in time', address, cause);
      throw failure('FETCH_FAILED', 'the request did not succeed', address, cause);
    }
  };
}

async function follow(
  address: string,
  request: FetchRequest,
  rules: FetchRules,
  resolve: LookupFunction,
  signal: AbortSignal,
): Promise<Fetched> {
  let url = permittedUrl(address, rules);
  for (let redirects = 0; ; redirects++) {
    const response = await send(url, request, rules, resolve, signal);
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && status !== 304) {
      response.destroy();
      const known = location !== undefined && [301, 302, 303, 307, 308].includes(status);
      if (!known || (request.method ?? 'GET') !== 'GET' || redirects >= (rules.maximumRedirects ?? 2)) {
        throw failure('FETCH_REFUSED', 'a redirect is not followed here', url.href);
      }
      const target = permittedUrl(URL.parse(location, url.href)?.href ?? '', rules);
      if (url.protocol === 'https:' && target.protocol !== 'https:') {
        throw failure('FETCH_REFUSED', 'a redirect leads from https to http', url.href);
      }
      url = target;
      continue;
    }
    if (status !== 304 && !(rules.goodStatuses ?? [200]).includes(status)) {
      response.destroy();
      throw failure('FETCH_FAILED', 'the server answered with a status that is no success', url.href, undefined, {
        status,
      });
    }
    return { status, headers: singleHeaders(response), body: await readBody(response, rules.maximumOctets, url) };
  }
}

/** Whether a request to this address would be made at all, as far as that can be told without a network. */
export function isAllowedAddress(
  address: string,
  { allowedHosts }: { readonly allowedHosts: readonly string[] },
): boolean {
  try {
    permittedUrl(address, { allowedHosts, privateHosts: [] });
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The rules that need no network. */
function permittedUrl(
  address: string,
  { allowedHosts, privateHosts, httpOnLoopback }: Pick<FetchRules, 'allowedHosts' | 'privateHosts' | 'httpOnLoopback'>,
): URL {
  const url = URL.parse(address);
  if (url === null) throw failure('FETCH_REFUSED', 'the address is not a URL', '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failure('FETCH_REFUSED', 'the scheme is not http or https', url.href);
  if (url.username !== '' || url.password !== '')
    throw failure('FETCH_REFUSED', 'the address carries credentials', url.href);
  if (allowedHosts === 'public-https') {
    const isPlainLoopback = httpOnLoopback === true && LOOPBACK.includes(url.hostname) && isListed(url, privateHosts);
    if (url.protocol !== 'https:' && !isPlainLoopback)
      throw failure('FETCH_REFUSED', 'the scheme is not https', url.href);
    if (url.port !== '' && !isListed(url, privateHosts))
      throw failure('FETCH_REFUSED', 'the port is not the standard one of https', url.href);
  } else if (!isListed(url, allowedHosts))
    throw failure('FETCH_REFUSED', 'the host and port are not on the list of allowed hosts', url.href);
  return url;
}

/** URL leaves out the port where it is the scheme's own, so `host` is then the bare name; case is folded by URL. */
function isListed(url: URL, hosts: readonly string[]): boolean {
  const withPort = url.port === '' ? `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}` : url.host;
  return hosts.some((entry) => entry.toLowerCase() === url.host || entry.toLowerCase() === withPort);
}

function send(
  url: URL,
  request: FetchRequest,
  rules: FetchRules,
  resolve: LookupFunction,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isPermitted = (address: string): boolean => isPublicAddress(address) || isListed(url, rules.privateHosts);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  // For a literal address node asks no resolver, so the check stands here.
  if (isIP(literal) !== 0 && !isPermitted(literal)) return Promise.reject(privateAddress(url));
  const lookup: LookupFunction = (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, answer) => {
      if (error !== null) return done(error, [], 0);
      const answers = Array.isArray(answer) ? answer : [];
      // One bad answer among good ones is an attack or a mistake: neither is connected to.
      if (answers.length === 0 || !answers.every(({ address }) => isPermitted(address)))
        return done(privateAddress(url), [], 0);
      const first = answers[0];
      if (options.all === true || first === undefined) return done(null, answers);
      return done(null, first.address, first.family);
    });
  };
  return new Promise((fulfil, reject) => {
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: request.method ?? 'GET',
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'thiqa',
        ...request.headers,
        ...(request.body && { 'content-length': String(request.body.length) }),
      },
      agent: false,
      lookup,
      signal,
      ...(rules.authorities !== undefined &&
        isListed(url, rules.privateHosts) && { ca: [...rootCertificates, rules.authorities] }),
    });
    outgoing.once('response', fulfil);
    // Not `once`: the abort that ends a body too large is reported here as well, and must not be an uncaught error.
    outgoing.on('error', reject);
    // Of an answer that changes the protocol (101) node reports neither a response nor an error.
    outgoing.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(failure('FETCH_FAILED', 'the server changes the protocol, which was not asked for', url.href));
    });
    outgoing.once('close', () => reject(failure('FETCH_FAILED', 'the connection ended without an answer', url.href)));
    outgoing.end(request.body);
  });
}

async function readBody(response: IncomingMessage, maximumOctets: number, url: URL): Promise<Buffer> {
  const tooLarge = (): ServiceError =>
    failure('FETCH_TOO_LARGE', 'the answer is larger than the limit', url.href, undefined, { maximumOctets });
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    response.destroy();
    throw failure('FETCH_FAILED', 'the answer is compressed, which was not asked for', url.href);
  }
  if (Number(response.headers['content-length'] ?? 0) > maximumOctets) {
    response.destroy();
    throw tooLarge();
  }
  const parts: Buffer[] = [];
  let octets = 0;
  // Leaving the loop by an exception destroys the response, and with it the connection.
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) throw new TypeError('the response has an encoding set');
    octets += part.length;
    if (octets > maximumOctets) throw tooLarge();
    parts.push(part);
  }
  if (!response.complete) throw failure('FETCH_FAILED', 'the answer ended before its end', url.href);
  return Buffer.concat(parts, octets);
}

function singleHeaders(response: IncomingMessage): Record<string, string | undefined> {
  const pick = (name: string): string | undefined => {
    const value = response.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { 'content-type': pick('content-type'), etag: pick('etag'), 'last-modified': pick('last-modified') };
}

function privateAddress(url: URL): ServiceError {
  return failure('FETCH_REFUSED', 'the host resolves to an address of a private or special range', url.href);
}

/** Only the host of an address stands in the error: a path or a query may say more than a log should hold. */
function failure(
  code: Extract<ServiceCode, `FETCH_${string}`>,
  message: string,
  address: string,
  cause?: unknown,
  detail: Readonly<Record<string, unknown>> = {},
): ServiceError {
  const host = URL.parse(address)?.host ?? '';
  return new ServiceError(code, message, { detail: { host, ...detail }, ...(cause !== undefined && { cause }) });
}
