/**
 * A portal as a test writes it by hand: registered by the command of an officer, speaking OpenID Connect over HTTP without
 * a client library, so that it can send what no library would send and sees each answer as it came.
 */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
  SignJWT,
} from 'jose';
import { CONFIG_FILE } from '../../src/demo/demonstration.ts';
import { exchange, type PageResponse } from '../../src/demo/page-exchange.ts';
import type { Citizen } from './citizen.ts';
import { runCommand } from './command.ts';
import { type Passage, passThrough } from './passage.ts';
import type { TestService } from './service.ts';

/** Where a service is, and where an officer finds its configuration. */
export type ServicePlace = Pick<TestService, 'issuer' | 'directory' | 'tlsRootPem'>;

/** A portal of these tests answers nowhere: the browser stops before it would go there. */
export const PORTAL_ORIGIN = 'https://portal.example';
export const REDIRECT_URI = `${PORTAL_ORIGIN}/callback`;

export type Parameters = Readonly<Record<string, string | undefined>>;
type JsonObject = Readonly<Record<string, unknown>>;

export interface PortalKey {
  readonly algorithm: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JsonObject;
}

export async function generatePortalKey(algorithm = 'ES256'): Promise<PortalKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { algorithm, kid, privateKey, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}

export interface TestRelyingPartyOptions {
  /** Members of the registration document; a portal of client_secret_basic unless told. */
  readonly registration?: JsonObject;
  /** For private_key_jwt and signed request objects: registered as `jwks`. */
  readonly key?: PortalKey;
}

/** The registration document of a portal that may ask for every claim of the scope `profile`. */
export function registrationOf(clientId: string, members: JsonObject = {}): JsonObject {
  return {
    client_id: clientId,
    name: { en: 'Portal of a test' },
    sector: new URL(REDIRECT_URI).hostname,
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'client_secret_basic',
    claims: ['name', 'given_name', 'family_name', 'birthdate', 'gender'],
    purpose: { en: 'To test.' },
    ...members,
  };
}

export class RegistrationRefused extends Error {
  override readonly name = 'RegistrationRefused';
  readonly code: string;
  /** The members that were wrong. */
  readonly paths: readonly string[];

  constructor(answer: { readonly code: string; readonly problems?: readonly { readonly path: string }[] }) {
    super(JSON.stringify(answer));
    this.code = answer.code;
    this.paths = answer.problems?.map(({ path }) => path) ?? [];
  }
}

/** As an officer does it; what the command prints. @throws RegistrationRefused */
export async function registerPortalByCommand(
  service: ServicePlace,
  document: JsonObject,
): Promise<{ readonly client_id: string; readonly client_secret?: string }> {
  const file = join(service.directory, `portal-${randomBytes(6).toString('hex')}.json`);
  writeFileSync(file, JSON.stringify(document));
  const args = ['portal', 'register', file, '--config', join(service.directory, CONFIG_FILE)];
  const { code, stdout, stderr } = await runCommand(args);
  if (code !== 0) throw stdout === '' ? new Error(stderr) : new RegistrationRefused(JSON.parse(stdout));
  return JSON.parse(stdout);
}

let registered = 0;

export async function registerRelyingParty(
  service: ServicePlace,
  { registration = {}, key }: TestRelyingPartyOptions = {},
): Promise<TestRelyingParty> {
  registered += 1;
  const document = registrationOf(`portal-${registered}`, {
    ...(key && { jwks: { keys: [key.publicJwk] } }),
    ...registration,
  });
  const { client_id, client_secret } = await registerPortalByCommand(service, document);
  const answer = await fetchJson(service, new URL('/.well-known/openid-configuration', service.issuer));
  return new TestRelyingParty(service, {
    clientId: client_id,
    clientSecret: client_secret,
    key,
    authMethod: String(document.token_endpoint_auth_method),
    metadata: answer,
  });
}

async function fetchJson(service: ServicePlace, url: URL): Promise<JsonObject> {
  const { status, body } = await exchange(
    { method: 'GET', url, headers: { Accept: 'application/json' } },
    { tlsRootPem: service.tlsRootPem },
  );
  expect(status, url.pathname).to.equal(200);
  return JSON.parse(body);
}

interface Identity {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly key: PortalKey | undefined;
  readonly authMethod: string;
  /** The discovery document. */
  readonly metadata: JsonObject;
}

/** What came back to the portal, or the page on which the browser stopped instead. */
export interface AuthorizationAnswer extends Passage {
  /** The parameters at the redirect URI; empty when the browser never came there. */
  readonly parameters: URLSearchParams;
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: PageResponse['headers'];
  readonly body: JsonObject;
}

export interface SignedIn {
  readonly answer: AuthorizationAnswer;
  readonly code: string;
  readonly tokens: JsonObject;
  readonly accessToken: string;
  readonly idToken: string;
  readonly claims: JWTPayload;
  readonly header: ProtectedHeaderParameters;
}

export class TestRelyingParty {
  readonly #service: ServicePlace;
  readonly #identity: Identity;

  constructor(service: ServicePlace, identity: Identity) {
    this.#service = service;
    this.#identity = identity;
  }

  get clientId(): string {
    return this.#identity.clientId;
  }

  get metadata(): JsonObject {
    return this.#identity.metadata;
  }

  /** The address of an endpoint, as discovery names it. */
  endpoint(name: string): URL {
    return new URL(String(this.metadata[`${name}_endpoint`]));
  }

  /** The parameters of a request that is accepted; `changes` override them, undefined leaves one out. */
  requestParameters(changes: Parameters = {}): Record<string, string> {
    const parameters: Parameters = {
      client_id: this.clientId,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: REDIRECT_URI,
      state: randomBytes(16).toString('base64url'),
      nonce: randomBytes(16).toString('base64url'),
      ...changes,
    };
    return withoutUndefined(parameters);
  }

  /** Sends the citizen's browser to the authorization endpoint and through the pages, with a card and a consent. */
  async authorize(
    citizen: Citizen,
    parameters: Readonly<Record<string, string>>,
    method: 'GET' | 'POST' = 'GET',
  ): Promise<AuthorizationAnswer> {
    const url = this.endpoint('authorization');
    const query = new URLSearchParams(parameters);
    const first =
      method === 'POST'
        ? await citizen.send('POST', url, { Origin: PORTAL_ORIGIN }, query.toString())
        : await citizen.send('GET', new URL(`${url.href}?${query}`));
    const passage = await passThrough(citizen, first, (next) => next.origin === PORTAL_ORIGIN);
    return { ...passage, parameters: passage.arrived?.parameters ?? new URLSearchParams() };
  }

  /** A POST of this portal, authenticated as it was registered. */
  async post(
    endpoint: URL,
    parameters: Parameters,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TokenAnswer> {
    const authentication = await this.#authentication();
    const body = new URLSearchParams({ ...authentication.parameters, ...withoutUndefined(parameters) });
    const response = await exchange(
      {
        method: 'POST',
        url: endpoint,
        headers: { Accept: 'application/json', ...authentication.headers, ...headers },
        body: body.toString(),
      },
      { tlsRootPem: this.#service.tlsRootPem },
    );
    return { status: response.status, headers: response.headers, body: readObject(response.body) };
  }

  redeem(code: string, changes: Parameters = {}, headers: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> {
    return this.post(
      this.endpoint('token'),
      { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, ...changes },
      headers,
    );
  }

  /** From the request to verified claims; every step must succeed. */
  async signIn(
    citizen: Citizen,
    changes: Parameters = {},
    { method = 'GET', redeemWith = {} }: { readonly method?: 'GET' | 'POST'; readonly redeemWith?: Parameters } = {},
  ): Promise<SignedIn> {
    const parameters = this.requestParameters(changes);
    const answer = await this.authorize(citizen, parameters, method);
    expectSuccess(answer, parameters.state, String(this.metadata.issuer));
    const code = answer.parameters.get('code') ?? '';
    const { status, body } = await this.redeem(code, redeemWith);
    expect(status, JSON.stringify(body)).to.equal(200);
    const { access_token: accessToken, id_token: idToken } = body;
    if (typeof accessToken !== 'string' || typeof idToken !== 'string') throw new Error('a token is absent');
    const { claims, header } = await this.verifyIdToken(idToken, parameters.nonce);
    expect(String(body.token_type).toLowerCase()).to.equal('bearer');
    expect(body.expires_in).to.be.a('number').above(0);
    return { answer, code, tokens: body, accessToken, idToken, claims, header };
  }

  /** OpenID Connect Core 3.1.3.7: signature by a published key, issuer, audience, times, nonce, subject, hashes. */
  async verifyIdToken(
    idToken: string,
    nonce?: string,
  ): Promise<{ readonly claims: JWTPayload; readonly header: ProtectedHeaderParameters }> {
    const { payload } = await jwtVerify(idToken, createLocalJWKSet(await this.keys()), {
      issuer: String(this.metadata.issuer),
      audience: this.clientId,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
      clockTolerance: 5,
    });
    expect(payload.nonce).to.equal(nonce);
    expect(String(payload.sub)).to.match(/^[\x21-\x7e]{1,255}$/);
    return { claims: payload, header: decodeProtectedHeader(idToken) };
  }

  async keys(): Promise<JSONWebKeySet> {
    const { keys } = await fetchJson(this.#service, new URL(String(this.metadata.jwks_uri)));
    if (!Array.isArray(keys)) throw new Error('a JWK Set has keys');
    return { keys };
  }

  async userinfo(
    accessToken: string,
    way: 'GET' | 'POST-header' | 'POST-body' = 'GET',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TokenAnswer> {
    const inHeader = { ...(way !== 'POST-body' && { Authorization: `Bearer ${accessToken}` }), ...headers };
    const response = await exchange(
      {
        method: way === 'GET' ? 'GET' : 'POST',
        url: this.endpoint('userinfo'),
        headers: { Accept: 'application/json', ...inHeader },
        ...(way === 'POST-header' && { body: '' }),
        ...(way === 'POST-body' && { body: new URLSearchParams({ access_token: accessToken }).toString() }),
      },
      { tlsRootPem: this.#service.tlsRootPem },
    );
    return { status: response.status, headers: response.headers, body: readObject(response.body) };
  }

  /** A client assertion (RFC 7523) whose audience is the issuer, as FAPI 2.0 5.3.2.1 wants it. */
  clientAssertion(changes: JsonObject = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return this.sign({
      iss: this.clientId,
      sub: this.clientId,
      aud: this.metadata.issuer,
      jti: randomBytes(16).toString('base64url'),
      iat: now,
      exp: now + 60,
      ...changes,
    });
  }

  sign(claims: JsonObject, header: JsonObject = {}): Promise<string> {
    const { key } = this.#identity;
    if (key === undefined) throw new TypeError('this portal has no key');
    return new SignJWT(claims).setProtectedHeader({ alg: key.algorithm, kid: key.kid, ...header }).sign(key.privateKey);
  }

  async #authentication(): Promise<{
    readonly parameters: Record<string, string>;
    readonly headers: Record<string, string>;
  }> {
    const { authMethod, clientId, clientSecret = '' } = this.#identity;
    switch (authMethod) {
      case 'client_secret_basic': {
        // RFC 6749 2.3.1: each part in the form of a form first.
        const [name, secret] = [clientId, clientSecret].map((part) =>
          new URLSearchParams({ _: part }).toString().slice(2),
        );
        return {
          parameters: {},
          headers: { Authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` },
        };
      }
      case 'client_secret_post':
        return { parameters: { client_id: clientId, client_secret: clientSecret }, headers: {} };
      case 'private_key_jwt':
        return {
          parameters: {
            client_id: clientId,
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: await this.clientAssertion(),
          },
          headers: {},
        };
      default:
        return { parameters: { client_id: clientId }, headers: {} };
    }
  }
}

/** OpenID Connect Core 3.1.2.5 and RFC 9207: a code, the state as it was sent, the issuer, and no error. */
export function expectSuccess(answer: AuthorizationAnswer, state: string | undefined, issuer: string): void {
  const { parameters } = answer;
  expect(parameters.get('error'), String(parameters)).to.equal(null);
  expect(parameters.get('code'), answer.lastPage).to.be.a('string');
  expect(parameters.get('state')).to.equal(state ?? null);
  expect(parameters.get('iss')).to.equal(issuer);
  expect([...parameters.keys()].sort()).to.deep.equal(['code', 'iss', ...(state === undefined ? [] : ['state'])]);
}

/** OpenID Connect Core 3.1.2.6: an error at the redirect URI, with the state, the issuer, and nothing that was not asked for. */
export function expectError(answer: AuthorizationAnswer, state: string | undefined, ...allowed: string[]): void {
  const { parameters } = answer;
  expect(parameters.get('error'), answer.lastPage).to.be.oneOf(allowed);
  expect(parameters.get('state')).to.equal(state ?? null);
  expect(parameters.get('code')).to.equal(null);
  // RFC 6749 4.1.2.1: the characters of a description.
  expect(parameters.get('error_description') ?? '').to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
  const known = ['error', 'error_description', 'error_uri', 'state', 'iss'];
  expect([...parameters.keys()].filter((name) => !known.includes(name))).to.deep.equal([]);
}

export interface ProofKey {
  readonly verifier: string;
  readonly parameters: { readonly code_challenge: string; readonly code_challenge_method: 'S256' };
}

/** RFC 7636 4.1, 4.2. */
export function proofKey(): ProofKey {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return { verifier, parameters: { code_challenge: challenge, code_challenge_method: 'S256' } };
}

function withoutUndefined(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function readObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Not JSON, such as an empty body: nothing in it for who reads members.
    return {};
  }
}
