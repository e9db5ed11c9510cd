/**
 * One sign-in as seen from outside: what the portal and the citizen's browser send, in order. It reads of each answer
 * what it needs to go on, and fails on any answer that is not of a sign-in that succeeds. Light, so that whoever makes
 * the load is not what is measured.
 */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { systemClock } from '../src/clock.ts';
import { CookieJar } from '../src/demo/cookie-jar.ts';

export interface BenchPortal {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly privateKey: KeyObject;
}

export interface BenchCard {
  /** DER. */
  readonly certificate: Buffer;
  /** PEM, where the card takes part in a handshake. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Destination {
  /** On loopback, over HTTP. */
  readonly issuer: string;
  readonly portal: BenchPortal;
  /** Root of the TLS certificates of card hosts, PEM. */
  readonly tlsRoot?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const FORM = 'application/x-www-form-urlencoded';
const MOST_REDIRECTS = 10;

/** Connections to the issuer are kept, as browsers and portals do; each handshake of a card is a new one. */
export class Journeys {
  readonly #to: Destination;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(to: Destination) {
    this.#to = to;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** From the pushed request to userinfo. Rejects unless the citizen is signed in. */
  async signIn(card: BenchCard): Promise<void> {
    const { issuer, portal } = this.#to;
    const codeVerifier = randomBytes(32).toString('base64url');
    const pushed = await this.#portalPosts('/request', {
      response_type: 'code',
      redirect_uri: portal.redirectUri,
      scope: 'openid profile',
      state: randomBytes(16).toString('base64url'),
      nonce: randomBytes(16).toString('base64url'),
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const parameters = new URLSearchParams({ client_id: portal.clientId, request_uri: textOf(pushed, 'request_uri') });
    const callback = await this.#browse(`${issuer}/auth?${parameters}`, card);
    const code = callback.searchParams.get('code');
    if (code === null) throw new Error(`the sign-in was refused: ${callback.searchParams.get('error')}`);

    const tokens = await this.#portalPosts('/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: portal.redirectUri,
      code_verifier: codeVerifier,
    });
    textOf(tokens, 'id_token');
    const authorization = `Bearer ${textOf(tokens, 'access_token')}`;
    const userinfo = await this.#send('GET', `${issuer}/me`, { Authorization: authorization });
    textOf(JSON.parse(userinfo.body), 'family_name');
  }

  /** Follows the browser from the authorization request to the address of the portal. */
  async #browse(start: string, card: BenchCard): Promise<URL> {
    const { issuer, portal } = this.#to;
    const jar = new CookieJar();
    let address = start;
    for (let left = MOST_REDIRECTS; left > 0; left--) {
      const url = new URL(address);
      let answer: Answer;
      if (url.origin !== issuer) answer = await this.#presentCard(url, card, jar);
      else answer = await this.#sendAsBrowser('GET', url, jar);
      if (answer.status === 200 && answer.body.includes('data-action="present-card"')) {
        answer = await this.#sendAsBrowser('POST', new URL(`${address}/card`), jar);
      }
      const { location } = answer.headers;
      if (answer.status !== 303 || location === undefined)
        throw new Error(`no way on from ${url.pathname}: ${answer.status}`);
      address = new URL(location, url).href;
      if (address.startsWith(portal.redirectUri)) return new URL(address);
    }
    throw new Error('the redirects of the sign-in do not end');
  }

  async #sendAsBrowser(method: 'GET' | 'POST', url: URL, jar: CookieJar): Promise<Answer> {
    const cookie = jar.headerFor(url, systemClock());
    const headers = {
      Accept: 'text/html',
      'Accept-Language': 'fr',
      ...(cookie !== undefined && { Cookie: cookie }),
      ...(method === 'POST' && { Origin: url.origin, 'Content-Type': FORM }),
    };
    const answer = await this.#send(method, url.href, headers, method === 'POST' ? '' : undefined);
    const cookies = answer.headers['set-cookie'];
    if (cookies !== undefined) jar.store(url, cookies, systemClock());
    return answer;
  }

  /** By a handshake; over plain HTTP, as a proxy that made the handshake forwards it (RFC 9440). */
  #presentCard(url: URL, { certificate, tls }: BenchCard, jar: CookieJar): Promise<Answer> {
    const cookie = jar.headerFor(url, systemClock());
    const forwarded = tls === undefined ? { 'Client-Cert': `:${certificate.toString('base64')}:` } : {};
    const options = {
      method: 'GET',
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname + url.search,
      headers: { Host: url.host, Accept: 'text/html', ...(cookie !== undefined && { Cookie: cookie }), ...forwarded },
      agent: false,
    } as const;
    if (tls === undefined) return receive((done) => requestHttp(options, done));
    const handshake = { ...tls, ca: this.#to.tlsRoot, servername: url.hostname };
    return receive((done) => requestHttps({ ...options, ...handshake }, done));
  }

  async #portalPosts(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const { issuer, portal } = this.#to;
    const body = new URLSearchParams({
      ...parameters,
      client_id: portal.clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: clientAssertion(portal, issuer),
    }).toString();
    const answer = await this.#send('POST', `${issuer}${path}`, { 'Content-Type': FORM }, body);
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`${path} answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body);
  }

  #send(method: string, address: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer> {
    const url = new URL(address);
    const options: RequestOptions = {
      method,
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname + url.search,
      headers: {
        ...headers,
        Host: url.host,
        ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
      },
      agent: this.#agent,
    };
    return receive((done) => requestHttp(options, done), body);
  }
}

function receive(
  open: (done: Parameters<typeof requestHttp>[2]) => ReturnType<typeof requestHttp>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = open((response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** private_key_jwt (OpenID Connect Core 9), ES256. */
function clientAssertion({ clientId, privateKey }: BenchPortal, issuer: string): string {
  const now = Math.floor(systemClock().getTime() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    iat: now,
    exp: now + 60,
    jti: randomBytes(16).toString('hex'),
  };
  const signed = `${part({ alg: 'ES256' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function textOf(answer: unknown, member: string): string {
  const value = typeof answer === 'object' && answer !== null ? Reflect.get(answer, member) : undefined;
  if (typeof value !== 'string') throw new Error(`the answer has no ${member}`);
  return value;
}
