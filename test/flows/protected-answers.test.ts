/**
 * Answers that a portal asked to be signed or encrypted: ID tokens and userinfo (OpenID Connect Core 5.3.2, 10), and the
 * answer of the authorization endpoint (JWT Secured Authorization Response Mode).
 */
import { expect } from 'chai';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  compactDecrypt,
  createLocalJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { exchange } from '../../src/demo/page-exchange.ts';
import { Citizen } from '../support/citizen.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import {
  type AuthorizationAnswer,
  proofKey,
  RegistrationRefused,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

interface DecryptionKey {
  readonly privateKey: CryptoKey;
  readonly jwk: Readonly<Record<string, unknown>>;
}

async function decryptionKey(alg: string): Promise<DecryptionKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'enc' } };
}

describe('protected answers', () => {
  let service: TestService;
  let host: PortalHost;
  before(async () => {
    host = await startPortalHost();
    service = await startTestService({ sandbox: { portalHosts: [host.host], portalAuthority: host.authorityFile } });
  });
  after(async () => {
    await service.dispose();
    await host.close();
  });
  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  /** The claims of a JWT that the service signed for the portal. */
  async function verified(portal: TestRelyingParty, jwt: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(jwt, createLocalJWKSet(await portal.keys()), {
      issuer: String(portal.metadata.issuer),
      audience: portal.clientId,
      algorithms: ['ES256'],
    });
    return payload;
  }

  async function decrypted(jwe: string, { privateKey }: DecryptionKey, alg: string): Promise<string> {
    expect(decodeProtectedHeader(jwe)).to.include({ alg, enc: 'A256GCM', cty: 'JWT' });
    const { plaintext } = await compactDecrypt(jwe, privateKey);
    return new TextDecoder().decode(plaintext);
  }

  async function tokensOf(portal: TestRelyingParty) {
    const pkce = proofKey();
    const parameters = portal.requestParameters({ ...pkce.parameters, scope: 'openid profile' });
    const answer = await portal.authorize(citizen(), parameters);
    const { status, body } = await portal.redeem(answer.parameters.get('code') ?? '', { code_verifier: pkce.verifier });
    expect(status, JSON.stringify(body)).to.equal(200);
    const userinfo = await exchange(
      { method: 'GET', url: portal.endpoint('userinfo'), headers: { Authorization: `Bearer ${body.access_token}` } },
      { tlsRootPem: service.tlsRootPem },
    );
    expect(userinfo.status).to.equal(200);
    return { parameters, idToken: String(body.id_token), userinfo };
  }

  it('userinfo signed: a JWT for this portal', async () => {
    const portal = await registerRelyingParty(service, { registration: { userinfo_signed_response_alg: 'ES256' } });
    const { idToken, userinfo } = await tokensOf(portal);
    expect(userinfo.headers['content-type']).to.match(/^application\/jwt\b/);
    const { sub } = await verified(portal, idToken);
    expect(await verified(portal, userinfo.body)).to.include({ given_name: 'Fatima Zahra', sub });
  });

  for (const alg of ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW']) {
    it(`ID token and userinfo signed, then encrypted by ${alg}: for the key of this portal alone`, async () => {
      const [key, other] = [await decryptionKey(alg), await decryptionKey(alg)];
      const portal = await registerRelyingParty(service, {
        registration: {
          jwks: { keys: [key.jwk] },
          id_token_signed_response_alg: 'ES256',
          id_token_encrypted_response_alg: alg,
          id_token_encrypted_response_enc: 'A256GCM',
          userinfo_signed_response_alg: 'ES256',
          userinfo_encrypted_response_alg: alg,
          userinfo_encrypted_response_enc: 'A256GCM',
        },
      });
      const { parameters, idToken, userinfo } = await tokensOf(portal);
      const claims = await verified(portal, await decrypted(idToken, key, alg));
      expect(claims.nonce).to.equal(parameters.nonce);
      expect(await verified(portal, await decrypted(userinfo.body, key, alg))).to.include({
        given_name: 'Fatima Zahra',
        sub: claims.sub,
      });
      const failure = await compactDecrypt(idToken, other.privateKey).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.have.property('code', 'ERR_JWE_DECRYPTION_FAILED');
    });
  }

  describe('JARM', () => {
    let portal: TestRelyingParty;
    before(async () => {
      portal = await registerRelyingParty(service, {
        registration: { authorization_signed_response_alg: 'ES256' },
      });
    });

    const ask = (sender: TestRelyingParty, response_mode: string, changes = {}): Promise<AuthorizationAnswer> =>
      sender.authorize(
        citizen(),
        sender.requestParameters({ ...proofKey().parameters, response_mode, state: 's', ...changes }),
      );

    for (const [mode, method] of [
      ['jwt', 'GET'],
      ['query.jwt', 'GET'],
      ['form_post.jwt', 'POST'],
    ] as const) {
      it(`${mode}: code, state and issuer in a JWT that lives for minutes`, async () => {
        const answer = await ask(portal, mode);
        expect(answer.arrived?.method, answer.lastPage).to.equal(method);
        expect([...answer.parameters.keys()]).to.deep.equal(['response']);
        const response = await verified(portal, answer.parameters.get('response') ?? '');
        expect(response).to.include({ state: 's' });
        expect(response.code).to.be.a('string');
        expect(Number(response.exp) - Date.now() / 1000).to.be.within(1, 600);
      });
    }

    it('fragment.jwt: in the fragment', async () => {
      const answer = await ask(portal, 'fragment.jwt');
      const fragment = new URLSearchParams(answer.arrived?.url.hash.slice(1));
      expect((await verified(portal, fragment.get('response') ?? '')).code).to.be.a('string');
    });

    it('an error comes the same way, and is on record', async () => {
      for (const mode of ['jwt', 'form_post.jwt']) {
        const answer = await ask(portal, mode, { prompt: 'none' });
        expect(await verified(portal, answer.parameters.get('response') ?? '')).to.include({
          error: 'login_required',
          state: 's',
        });
        const { event } = (await service.auditRecords()).at(-1) ?? expect.fail('nothing is on record');
        expect(event).to.deep.equal({
          type: 'portal.refused',
          endpoint: 'authorization',
          error: 'login_required',
          clientId: portal.clientId,
        });
      }
    });

    it('an error in a plain form is on record too', async () => {
      const answer = await ask(portal, 'form_post', { prompt: 'none' });
      expect(answer.parameters.get('error')).to.equal('login_required');
      expect((await service.auditRecords()).at(-1)?.event).to.include({
        type: 'portal.refused',
        error: 'login_required',
      });
    });

    it('encrypted: for the key of this portal', async () => {
      const key = await decryptionKey('ECDH-ES');
      const encrypting = await registerRelyingParty(service, {
        registration: {
          jwks: { keys: [key.jwk] },
          authorization_signed_response_alg: 'ES256',
          authorization_encrypted_response_alg: 'ECDH-ES',
          authorization_encrypted_response_enc: 'A256GCM',
        },
      });
      const answer = await ask(encrypting, 'query.jwt');
      const jwt = await decrypted(answer.parameters.get('response') ?? '', key, 'ECDH-ES');
      expect((await verified(encrypting, jwt)).code).to.be.a('string');
    });

    it('that cannot be encrypted, for the key set of the portal is gone: a page that says whose fault it is, and a record', async () => {
      const [path, key] = ['/keys.json', await decryptionKey('ECDH-ES')];
      host.answers.set(path, { body: JSON.stringify({ keys: [key.jwk] }) });
      const encrypting = await registerRelyingParty(service, {
        registration: {
          jwks_uri: `https://${host.host}${path}`,
          authorization_signed_response_alg: 'ES256',
          authorization_encrypted_response_alg: 'ECDH-ES',
          authorization_encrypted_response_enc: 'A256GCM',
        },
      });
      host.answers.delete(path);
      for (const [endpoint, changes] of [
        ['resume', {}],
        ['authorization', { prompt: 'none' }],
      ] as const) {
        const answer = await ask(encrypting, 'jwt', changes);
        expect(answer.arrived).to.equal(undefined);
        expect(answer.lastPage).to.match(/^400 .* AUTHORIZATION_REQUEST_REFUSED$/);
        expect((await service.auditRecords()).at(-1)?.event).to.deep.equal({
          type: 'portal.refused',
          endpoint,
          error: 'invalid_client_metadata',
          clientId: encrypting.clientId,
        });
      }
    });

    it('a portal that registered its modes gets no other', async () => {
      const only = await registerRelyingParty(service, { registration: { response_modes: ['query.jwt', 'jwt'] } });
      expect((await ask(only, 'query.jwt')).parameters.get('response')).to.be.a('string');
      const refused = await ask(only, 'query');
      expect(refused.parameters.get('error')).to.equal('invalid_request');
    });
  });

  it('introspection that cannot be encrypted, for the key set of the portal is gone: one refusal for every token', async () => {
    const [path, key] = ['/introspection-keys.json', await decryptionKey('ECDH-ES')];
    host.answers.set(path, { body: JSON.stringify({ keys: [key.jwk] }) });
    const portal = await registerRelyingParty(service, {
      registration: {
        jwks_uri: `https://${host.host}${path}`,
        introspection_signed_response_alg: 'ES256',
        introspection_encrypted_response_alg: 'ECDH-ES',
        introspection_encrypted_response_enc: 'A256GCM',
      },
    });
    const { idToken } = await tokensOf(portal);
    host.answers.delete(path);
    for (const token of ['unknown', idToken]) {
      const headers = { Accept: 'application/token-introspection+jwt' };
      const { status, body } = await portal.post(portal.endpoint('introspection'), { token }, headers);
      expect([status, body.error]).to.deep.equal([400, 'invalid_client_metadata']);
      expect((await service.auditRecords()).at(-1)?.event).to.deep.equal({
        type: 'portal.refused',
        endpoint: 'introspection',
        error: 'invalid_client_metadata',
        clientId: portal.clientId,
      });
    }
  });

  it('an algorithm for which the service has no key is refused at registration', async () => {
    const registration = { id_token_signed_response_alg: 'PS256' };
    const error = await registerRelyingParty(service, { registration }).then(
      () => expect.fail('registered'),
      (refusal: unknown) => refusal,
    );
    expect(error).to.be.instanceOf(RegistrationRefused);
    expect(error).to.deep.include({ code: 'PORTAL_MALFORMED', paths: ['id_token_signed_response_alg'] });
  });
});
