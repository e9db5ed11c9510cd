/**
 * A portal that shows certificates (RFC 8705), and a citizen who signs in to it: over real sockets, without a library for
 * OpenID Connect, so that a test can do the wrong thing at each step.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { exchange, type SoftwareCard } from '../../src/demo/page-exchange.ts';
import { Citizen, redirectOf } from './citizen.ts';
import type { HttpsService } from './https-service.ts';

/** RFC 7636, Appendix B. */
const CODE_VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CODE_CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Empty for what is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
}

export class HttpsPortal {
  readonly #service: HttpsService;
  readonly clientId: string;
  /** What it shows in a handshake that asks for a certificate. */
  readonly certificate: SoftwareCard | undefined;
  /** Client authentication beside the certificate. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    service: HttpsService,
    clientId: string,
    certificate?: SoftwareCard,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#service = service;
    this.clientId = clientId;
    this.certificate = certificate;
    this.headers = headers;
  }

  get redirectUri(): string {
    return `https://${this.clientId}.example.ma/callback`;
  }

  /** @param origin the portals' host unless told */
  async ask(
    path: string,
    fields: Readonly<Record<string, string>> | undefined,
    headers: Readonly<Record<string, string>> = {},
    origin = `https://localhost:${this.#service.otherPort}`,
  ): Promise<JsonAnswer> {
    const answer = await exchange(
      {
        method: fields === undefined ? 'GET' : 'POST',
        url: new URL(path, origin),
        headers: { Accept: 'application/json', ...headers },
        ...(fields && { body: new URLSearchParams(fields).toString() }),
      },
      { tlsRootPem: this.#service.tlsRootPem, card: this.certificate },
    );
    const parsed: unknown = /json/.test(String(answer.headers['content-type'])) ? JSON.parse(answer.body || '{}') : {};
    return {
      status: answer.status,
      headers: answer.headers,
      text: answer.body,
      json: typeof parsed === 'object' ? { ...parsed } : {},
    };
  }

  push(headers: Readonly<Record<string, string>> = {}, origin?: string): Promise<JsonAnswer> {
    return this.ask(
      '/request',
      {
        client_id: this.clientId,
        response_type: 'code',
        scope: 'openid profile',
        redirect_uri: this.redirectUri,
        state: 'state',
        code_challenge: CODE_CHALLENGE,
        code_challenge_method: 'S256',
      },
      { ...this.headers, ...headers },
      origin,
    );
  }

  /** A citizen signs in with a card and consents. */
  async code(card: CardId = 'valid'): Promise<string> {
    const pushed = await this.push();
    if (pushed.status !== 201) throw new Error(`the request is refused: ${pushed.text}`);
    const { issuer, tlsRootPem, demonstration } = this.#service;
    const files = demonstration.cards.find(({ id }) => id === card);
    if (files === undefined) throw new TypeError('there is no such card');
    const citizen = new Citizen({
      tlsRootPem,
      card: { certificatePem: readFileSync(files.certificatePath), keyPem: readFileSync(files.keyPath) },
    });
    const url = new URL('/auth', issuer);
    url.search = new URLSearchParams({
      client_id: this.clientId,
      request_uri: String(pushed.json.request_uri),
    }).toString();
    const isAnswer = (next: URL): boolean => next.origin === new URL(this.redirectUri).origin;
    const asking = await citizen.follow(await citizen.send('GET', url), isAnswer);
    const reached = await citizen.follow(await citizen.press(asking, 'present-card'), isAnswer);
    // What a citizen has agreed to once is not asked again.
    const answer =
      redirectOf(reached) === undefined
        ? await citizen.follow(await citizen.press(reached, 'consent'), isAnswer)
        : reached;
    const code = redirectOf(answer)?.searchParams.get('code');
    if (!code) throw new Error('the portal got no code');
    return code;
  }

  redeem(code: string, headers: Readonly<Record<string, string>> = {}, origin?: string): Promise<JsonAnswer> {
    return this.ask(
      '/token',
      {
        client_id: this.clientId,
        grant_type: 'authorization_code',
        code,
        redirect_uri: this.redirectUri,
        code_verifier: CODE_VERIFIER,
      },
      { ...this.headers, ...headers },
      origin,
    );
  }

  /** The access token of a citizen who has just signed in. */
  async accessToken(): Promise<string> {
    const answer = await this.redeem(await this.code());
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return String(answer.json.access_token);
  }

  userinfo(token: string, origin?: string): Promise<JsonAnswer> {
    return this.ask('/me', undefined, { Authorization: `Bearer ${token}` }, origin);
  }

  introspect(token: string, headers: Readonly<Record<string, string>> = {}): Promise<JsonAnswer> {
    return this.ask('/token/introspection', { client_id: this.clientId, token }, { ...this.headers, ...headers });
  }

  revoke(token: string): Promise<JsonAnswer> {
    return this.ask('/token/revocation', { client_id: this.clientId, token }, this.headers);
  }
}

/** RFC 8705 3.1 */
export function thumbprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('base64url');
}
