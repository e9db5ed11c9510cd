import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Koa from 'koa';
import mount from 'koa-mount';
import { hashOfSecret, newBrowserSecret } from '../../src/authentication/challenge.ts';
import { createCitizenRecords } from '../../src/citizen/citizen-record.ts';
import { systemClock } from '../../src/clock.ts';
import { acrNames } from '../../src/identity/level-of-assurance.ts';
import { CookieSignatures } from '../../src/oidc/cookie-signatures.ts';
import { providerKeys } from '../../src/oidc/keys/provider-keys.ts';
import { createProvider } from '../../src/oidc/provider.ts';
import { generateKey } from '../../src/oidc/signing-keys.ts';
import { SubmittedInteractions } from '../../src/oidc/submitted-interactions.ts';
import type { Portal } from '../../src/relying-party/portal.ts';
import { portal } from '../store/records.ts';
import {
  memoryCitizens,
  memoryConsents,
  memoryLogoutNotices,
  memoryPortals,
  memoryProtocol,
  type TestAudit,
  testAudit,
} from '../support/ports.ts';

const SECRET = newBrowserSecret();
const CALLBACK = 'https://passport.example.ma/callback';
const VERIFIER = randomBytes(32).toString('base64url');
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

const { jwks: _, ...withoutKeys } = portal('passport-renewal');
const PORTAL: Portal = {
  ...withoutKeys,
  tokenEndpointAuthMethod: 'client_secret_basic',
  clientSecretHash: hashOfSecret(SECRET),
};

/** What a registration never leaves: no secret at all may open it. */
const PORTAL_WITHOUT_HASH: Portal = { ...withoutKeys, tokenEndpointAuthMethod: 'client_secret_basic' };

/** A request that is accepted; a test changes one thing. */
const REQUEST = {
  client_id: 'passport-renewal',
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid profile',
  state: 'state',
  nonce: 'nonce',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};
type Changes = Readonly<Record<string, string | undefined>>;

describe('the OpenID Connect provider', () => {
  let server: Server;
  let issuer = '';
  let audit: TestAudit;

  before(async () => {
    const app = new Koa();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is an object
    const subjectKey = createSecretKey(randomBytes(32));
    const cookieSignatures = new CookieSignatures([newBrowserSecret()]);
    // The provider is mounted: its cookies are signed with the keys of the application around it.
    app.keys = cookieSignatures;
    audit = testAudit(systemClock);
    const provider = createProvider({
      issuer,
      lifetimes: {
        interactionSeconds: 900,
        sessionSeconds: 900,
        authorizationCodeSeconds: 60,
        accessTokenSeconds: 600,
        idTokenSeconds: 600,
      },
      jwks: providerKeys({ keys: [{ ...(await generateKey('ES256')), state: 'signing', since: {} }] }),
      cookieSignatures,
      subjectKey,
      protocol: memoryProtocol(),
      portals: memoryPortals(
        PORTAL,
        { ...PORTAL_WITHOUT_HASH, clientId: 'portal-without-hash' },
        { ...PORTAL, clientId: 'suspended-portal', status: 'suspended' },
      ),
      consents: memoryConsents(),
      citizens: createCitizenRecords(memoryCitizens(), subjectKey, 2000, systemClock),
      submitted: new SubmittedInteractions(),
      notBefore: async () => undefined,
      audit: audit.log,
      clock: systemClock,
      uiLocales: ['fr', 'ar', 'en'],
      interactionPath: (uid) => `/auth/${uid}/sign-in`,
      acrNames: acrNames(),
      assurance: {
        nameLanguages: ['ar'],
        trustFrameworks: ['thiqa_demonstration'],
        documentTypes: ['idcard'],
      },
      highestReachableLevel: async () => 'low',
      countClient: async () => undefined,
      fetchOfPortal: () => expect.fail('nothing is fetched for these portals'),
      signOutPages: {
        ask: () => expect.fail('nobody signs out here'),
        done: () => expect.fail('nobody signs out here'),
      },
      logoutNotices: memoryLogoutNotices(),
      notifyPortals: () => expect.fail('nobody signs out here'),
      renderError(ctx) {
        ctx.body = 'a page of ours';
      },
    });
    app.use(mount(provider));
    server.on('request', app.callback());
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const parameters = (changes: Changes): URLSearchParams => {
    const merged = Object.entries({ ...REQUEST, ...changes });
    return new URLSearchParams(merged.filter((entry): entry is [string, string] => entry[1] !== undefined));
  };
  const authorize = (changes: Changes = {}) =>
    fetch(`${issuer}/auth?${parameters(changes)}`, { redirect: 'manual', headers: { Accept: 'text/html' } });
  const basic = (clientId: string, secret: string) =>
    `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
  const post = (path: string, body: URLSearchParams, authorization?: string) =>
    fetch(issuer + path, {
      method: 'POST',
      body,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
  const push = (changes: Changes = {}, authorization = basic('passport-renewal', SECRET)) =>
    post('/request', parameters(changes), authorization);
  const jsonOf = async (answer: Response): Promise<Readonly<Record<string, unknown>>> =>
    (await answer.json()) as Readonly<Record<string, unknown>>; // every JSON answer of the protocol is an object
  const errorOf = async (answer: Response): Promise<unknown> => (await jsonOf(answer)).error;

  it('discovery says what it does, and nothing that it does not', async () => {
    const metadata = await jsonOf(await fetch(`${issuer}/.well-known/openid-configuration`));
    expect(metadata).to.deep.include({
      issuer,
      response_types_supported: ['code'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
      request_object_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA'],
      dpop_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA'],
      authorization_signing_alg_values_supported: ['ES256'],
      id_token_encryption_alg_values_supported: ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'],
      id_token_encryption_enc_values_supported: ['A256GCM'],
      acr_values_supported: [
        ...['low', 'substantial', 'high'].map((level) => `http://eidas.europa.eu/LoA/${level}`),
        'low',
        'substantial',
        'high',
      ],
      scopes_supported: ['openid', 'profile'],
      claims_locales_supported: ['ar'],
      verified_claims_supported: true,
      trust_frameworks_supported: ['thiqa_demonstration'],
      evidence_supported: ['document', 'electronic_signature'],
      documents_supported: ['idcard'],
      claims_in_verified_claims_supported: [
        ...['name', 'name#ar', 'given_name', 'given_name#ar', 'family_name', 'family_name#ar'],
        ...['birthdate', 'gender', 'national_id', 'document_details'],
      ],
      ui_locales_supported: ['fr', 'ar', 'en'],
    });
    expect(metadata).to.include.keys(
      'pushed_authorization_request_endpoint',
      'userinfo_endpoint',
      'end_session_endpoint',
    );
    expect(metadata).to.not.have.any.keys('registration_endpoint', 'device_authorization_endpoint');
    expect(metadata.grant_types_supported).to.not.include.members(['implicit']);
  });

  it('publishes no private key', async () => {
    const { keys } = await jsonOf(await fetch(`${issuer}/jwks`));
    expect(keys).to.be.an('array').that.has.lengthOf(1);
    const [jwk] = keys as readonly unknown[]; // the line above is what says so
    expect(jwk).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(jwk).to.not.have.property('d');
  });

  it('a request that is in order leads to the sign-in', async () => {
    const answer = await authorize();
    expect(answer.status).to.equal(303);
    expect(answer.headers.get('location')).to.match(/^\/auth\/[\w-]+\/sign-in$/);
  });

  describe('a request that is not is sent back to the portal, and on record', () => {
    for (const [fault, changes, error] of [
      ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['with plain PKCE', { code_challenge: VERIFIER, code_challenge_method: 'plain' }, 'invalid_request'],
      ['without a method of PKCE', { code_challenge_method: undefined }, 'invalid_request'],
      ['for an implicit token', { response_type: 'id_token' }, 'unsupported_response_type'],
      ['for a hybrid answer', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['that asks without a sign-in', { prompt: 'none' }, 'login_required'],
      ['with what is no request object', { request: 'x' }, 'invalid_request_object'],
    ] as const) {
      it(`${fault}: ${error}`, async () => {
        const answer = await authorize(changes);
        const location = new URL(answer.headers.get('location') ?? '');
        expect(location.origin + location.pathname).to.equal(CALLBACK);
        expect(new URLSearchParams(location.search || location.hash.slice(1)).get('error')).to.equal(error);
        expect(audit.events().at(-1)).to.include({
          type: 'portal.refused',
          endpoint: 'authorization',
          clientId: 'passport-renewal',
        });
      });
    }
  });

  describe('a request that cannot be sent back ends on a page of ours, and on record', () => {
    for (const [fault, changes, error] of [
      ['of an unknown client', { client_id: 'unknown' }, 'invalid_client'],
      ['of a suspended portal', { client_id: 'suspended-portal' }, 'invalid_client'],
      ['with another redirect URI', { redirect_uri: 'https://passport.example.ma/other' }, 'invalid_redirect_uri'],
      ['with a redirect URI that goes on', { redirect_uri: `${CALLBACK}/x` }, 'invalid_redirect_uri'],
      ['with a redirect URI with a query', { redirect_uri: `${CALLBACK}?x=1` }, 'invalid_redirect_uri'],
      [
        'with a redirect URI of another host',
        { redirect_uri: 'https://evil.example/callback' },
        'invalid_redirect_uri',
      ],
      ['without a redirect URI, although one is registered', { redirect_uri: undefined }, 'invalid_request'],
    ] as const) {
      it(`${fault}: ${error}`, async () => {
        const answer = await authorize(changes);
        expect(answer.status).to.equal(400);
        expect(answer.headers.get('location')).to.equal(null);
        expect(await answer.text()).to.equal('a page of ours');
        expect(audit.events().at(-1)).to.include({ type: 'portal.refused', endpoint: 'authorization', error });
      });
    }
  });

  describe('a portal shows who it is (client_secret_basic against a hash)', () => {
    it('with its secret it may push a request, and only it may use it (S32)', async () => {
      const pushed = await push();
      expect(pushed.status).to.equal(201);
      const requestUri = String((await jsonOf(pushed)).request_uri);
      const use = (clientId: string) =>
        fetch(`${issuer}/auth?${new URLSearchParams({ client_id: clientId, request_uri: requestUri })}`, {
          redirect: 'manual',
          headers: { Accept: 'text/html' },
        });
      expect((await use('suspended-portal')).status).to.equal(400);
      expect((await use('passport-renewal')).headers.get('location')).to.match(/^\/auth\/[\w-]+\/sign-in$/);
    });

    for (const [fault, authorization] of [
      ['another secret', basic('passport-renewal', newBrowserSecret())],
      ['the hash of its secret', basic('passport-renewal', hashOfSecret(SECRET))],
      ['the secret of another client', basic('unknown', SECRET)],
      ['any secret, when no hash of one is kept', basic('portal-without-hash', SECRET)],
      ['its secret, when it is suspended', basic('suspended-portal', SECRET)],
    ] as const) {
      it(`with ${fault}: invalid_client, on record`, async () => {
        const answer = await push({ client_id: undefined }, authorization);
        expect(answer.status).to.equal(401);
        expect(await errorOf(answer)).to.equal('invalid_client');
        expect(audit.events().at(-1)).to.include({
          type: 'portal.refused',
          endpoint: 'pushed_authorization_request',
          error: 'invalid_client',
        });
      });
    }

    it('with an empty secret: invalid_request', async () => {
      const answer = await push({ client_id: undefined }, basic('passport-renewal', ''));
      expect(answer.status).to.equal(400);
      expect(await errorOf(answer)).to.equal('invalid_request');
    });

    it('with its secret in the body: refused, it registered another way', async () => {
      const answer = await post('/request', parameters({ client_secret: SECRET }));
      expect(await errorOf(answer)).to.match(/^invalid_(client|request)$/);
    });
  });

  describe('the token endpoint', () => {
    for (const [fault, grant, error] of [
      [
        'an unknown code',
        { grant_type: 'authorization_code', code: 'x', redirect_uri: CALLBACK, code_verifier: VERIFIER },
        'invalid_grant',
      ],
      ['a password', { grant_type: 'password', username: 'a', password: 'b' }, 'unsupported_grant_type'],
      ['a refresh token that nobody approved', { grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_request'],
      ['client credentials', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
      ['nothing', {}, 'invalid_request'],
    ] as const) {
      it(`gives nothing for ${fault}: ${error}, on record`, async () => {
        const answer = await post('/token', new URLSearchParams(grant), basic('passport-renewal', SECRET));
        expect(answer.status).to.equal(400);
        expect(await errorOf(answer)).to.equal(error);
        expect(audit.events().at(-1)).to.include({ type: 'portal.refused', endpoint: 'token', error });
      });
    }
  });

  it('userinfo gives nothing without a token', async () => {
    expect((await fetch(`${issuer}/me`)).status).to.be.oneOf([400, 401]);
    expect((await fetch(`${issuer}/me`, { headers: { Authorization: 'Bearer x' } })).status).to.equal(401);
  });

  for (const path of ['/reg', '/device', '/backchannel', '/interaction/x']) {
    it(`${path} is not there`, async () => expect((await fetch(issuer + path)).status).to.equal(404));
  }
});
