/**
 * A registered portal that tries for more than it has: to be taken for another, to learn what it was not approved or
 * consented for, to use a token in a way that it was not made for. What it learns is the same whether its guess is right.
 */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { UnsecuredJWT } from 'jose';
import { FapiPortal } from '../conformance/fapi2-plan.ts';
import { Citizen } from '../support/citizen.ts';
import {
  type AuthorizationAnswer,
  expectError,
  generatePortalKey,
  type Parameters,
  registerRelyingParty,
  TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Of the card `valid`. */
const BIRTHDATE = '1988-03-14';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('a portal that tries for more', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let keyed: TestRelyingParty;
  let fapi: FapiPortal;
  /** Approved for the given name and the date of birth. */
  let few: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    const registration = { require_pkce: false };
    portal = await registerRelyingParty(service, { registration });
    few = await registerRelyingParty(service, {
      registration: { ...registration, claims: ['given_name', 'birthdate'] },
    });
    keyed = await registerRelyingParty(service, {
      key: await generatePortalKey(),
      registration: { ...registration, token_endpoint_auth_method: 'private_key_jwt' },
    });
    fapi = await FapiPortal.register(service);
  });
  after(() => service.dispose());
  const citizen = (): Citizen => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  describe('in the name of another', () => {
    const unsigned = (clientId: string): string =>
      new UnsecuredJWT({ iss: clientId, sub: clientId, aud: service.issuer, jti: 'x' })
        .setExpirationTime('1m')
        .encode();
    const ways: readonly (readonly [string, (clientId: string) => Parameters, ((clientId: string) => string)?])[] = [
      ['by the client_id alone', () => ({})],
      ['by an empty secret', () => ({ client_secret: '' })],
      ['by a secret of no meaning', () => ({ client_secret: 'undefined' })],
      ['by an empty secret in the header', () => ({}), (clientId) => `${clientId}:`],
      [
        'by an assertion that nobody signed',
        (clientId) => ({ client_assertion_type: JWT_BEARER, client_assertion: unsigned(clientId) }),
      ],
    ];
    for (const [way, parametersOf, credentialsOf] of ways) {
      it(`${way}, whatever that one registered: refused`, async () => {
        for (const { clientId, metadata } of [portal, keyed, fapi.portal]) {
          const stranger = new TestRelyingParty(service, {
            clientId,
            clientSecret: undefined,
            key: undefined,
            authMethod: 'none',
            metadata,
          });
          const credentials = credentialsOf?.(clientId);
          const headers = credentials && { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
          for (const endpoint of ['pushed_authorization_request', 'token', 'introspection', 'revocation']) {
            const { status, body } = await stranger.post(
              stranger.endpoint(endpoint),
              {
                ...stranger.requestParameters(),
                grant_type: 'authorization_code',
                code: 'x',
                token: 'x',
                ...parametersOf(clientId),
              },
              headers || {},
            );
            expect([status, body.error], `${clientId} ${endpoint}`).to.be.deep.oneOf([
              [401, 'invalid_client'],
              [400, 'invalid_request'],
            ]);
          }
        }
      });
    }

    it('by the ID token of another portal as a hint: refused, and tells nothing of the session', async () => {
      const one = citizen();
      const { idToken } = await portal.signIn(one);
      for (const [prompt, who] of [
        ['none', one],
        ['none', citizen()],
        [undefined, one],
      ] as const) {
        const parameters = few.requestParameters({ id_token_hint: idToken, prompt });
        expectError(await few.authorize(who, parameters), parameters.state, 'invalid_request');
      }
    });
  });

  describe('by the values of its claims request', () => {
    const ask = (who: Citizen, userinfo: object, changes: Parameters = {}): Promise<AuthorizationAnswer> =>
      few.authorize(who, few.requestParameters({ claims: JSON.stringify({ userinfo }), ...changes }));
    const told = async ({ parameters, lastPage }: AuthorizationAnswer): Promise<unknown> => {
      const { body } = await few.redeem(parameters.get('code') ?? expect.fail(lastPage));
      const { sub: _, ...claims } = (await few.userinfo(String(body.access_token))).body;
      return claims;
    };
    const guesses = (right: string, wrong: string) =>
      [right, wrong].flatMap((value) => [{ value }, { values: [value] }, { essential: true, value }]);

    it('learns nothing of what it was not approved for', async () => {
      const one = citizen();
      await ask(one, { given_name: null });
      for (const gender of guesses('female', 'male')) {
        const answer = await ask(one, { given_name: null, gender }, { prompt: 'none' });
        expect(answer.pages).to.deep.equal([]);
        expect(await told(answer)).to.deep.equal({ given_name: 'Fatima Zahra' });
      }
    });

    it('learns nothing of what the citizen has not consented to: each guess needs a consent', async () => {
      const one = citizen();
      await ask(one, { given_name: null });
      for (const birthdate of guesses(BIRTHDATE, '1900-01-01')) {
        const answer = await ask(one, { given_name: null, birthdate }, { prompt: 'none' });
        expect(answer.parameters.get('error')).to.equal('consent_required');
      }
      const asked = await ask(one, { given_name: null, birthdate: { value: '1900-01-01' } });
      expect(asked.pages).to.deep.equal(['consent']);
      // Core 5.5.1: what is not the value that was asked for is left out.
      expect(await told(asked)).to.deep.equal({ given_name: 'Fatima Zahra' });
    });

    it('and by parameters beside a pushed request gets no more than was pushed', async () => {
      const { pushed, pkce } = await fapi.pushPlain({ scope: 'openid' });
      const answer = await fapi.portal.authorize(citizen(), {
        client_id: fapi.portal.clientId,
        request_uri: String(pushed.body.request_uri),
        scope: 'openid profile',
        claims: JSON.stringify({ userinfo: { birthdate: null } }),
      });
      const { body } = await fapi.redeem(answer.parameters.get('code') ?? expect.fail(answer.lastPage), pkce);
      expect(body.scope).to.equal('openid');
      expect(Object.keys((await fapi.userinfo(String(body.access_token))).body)).to.deep.equal(['sub']);
    });
  });

  describe('with a token', () => {
    it('that is bound to no key, as if it were bound to its own: refused', async () => {
      const { accessToken } = await portal.signIn(citizen());
      const ath = createHash('sha256').update(accessToken).digest('base64url');
      const answer = await fapi.withNonce(async (nonce) =>
        portal.userinfo(accessToken, 'GET', {
          Authorization: `DPoP ${accessToken}`,
          DPoP: await fapi.proof('GET', 'userinfo', { ath, nonce }),
        }),
      );
      expect([answer.status, answer.body.error]).to.deep.equal([401, 'invalid_token']);
      expect((await portal.userinfo(accessToken)).status).to.equal(200);
    });

    it('that is bound to a key, without it, in the header or in the body: refused', async () => {
      const { code, pkce } = await fapi.obtainCode(citizen());
      const accessToken = String((await fapi.redeem(code, pkce)).body.access_token);
      for (const way of ['GET', 'POST-header', 'POST-body'] as const) {
        expect((await fapi.portal.userinfo(accessToken, way)).status, way).to.equal(401);
      }
      expect((await fapi.userinfo(accessToken)).status).to.equal(200);
    });

    it('of a grant that has ended, because its code came twice: worth nothing anywhere', async () => {
      const { code, pkce } = await fapi.obtainCode(citizen());
      const accessToken = String((await fapi.redeem(code, pkce)).body.access_token);
      expect((await fapi.userinfo(accessToken)).status).to.equal(200);
      expect((await fapi.redeem(code, pkce)).body.error).to.equal('invalid_grant');
      expect((await fapi.userinfo(accessToken)).status).to.equal(401);
      const introspected = await fapi.portal.post(fapi.portal.endpoint('introspection'), { token: accessToken });
      expect(introspected.body).to.deep.equal({ active: false });
    });

    it('that is no access token: an ID token tells userinfo nothing', async () => {
      const { idToken } = await portal.signIn(citizen());
      expect((await portal.userinfo(idToken)).status).to.equal(401);
    });
  });
});
