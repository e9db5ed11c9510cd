/**
 * Request objects by value (RFC 9101) of portals without the FAPI profile, through the browser and pushed; and client
 * assertions of such portals (RFC 7523). What is wrong differs from what is accepted by one fault.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT, UnsecuredJWT } from 'jose';
import { MAXIMUM_REQUEST_OBJECT_CHARACTERS } from '../../src/oidc/request-object.ts';
import { Citizen } from '../support/citizen.ts';
import {
  expectError,
  generatePortalKey,
  type Parameters,
  type PortalKey,
  proofKey,
  registerRelyingParty,
  type TestRelyingParty,
  type TokenAnswer,
} from '../support/relying-party.ts';
import { send } from '../support/request.ts';
import { startTestService, type TestService } from '../support/service.ts';

type Members = Readonly<Record<string, unknown>>;
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const seconds = (): number => Math.floor(Date.now() / 1000);

describe('what a portal signs', () => {
  let service: TestService;
  let key: PortalKey;
  let otherKey: PortalKey;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    [key, otherKey] = [await generatePortalKey(), await generatePortalKey()];
    const registration = { token_endpoint_auth_method: 'private_key_jwt', request_object_signing_alg: 'ES256' };
    portal = await registerRelyingParty(service, { key, registration });
    other = await registerRelyingParty(service, { key: otherKey, registration });
  });
  after(() => service.dispose());
  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  /** By a key of our own choosing, with the members that it has. */
  const signedBy = (signer: PortalKey, claims: Members, header: Members = {}): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: signer.algorithm, kid: signer.kid, ...header })
      .sign(signer.privateKey);
  /** The public key as a secret: what a verifier that believes `alg` would take. */
  const confused = (claims: Members): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: key.kid })
      .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk)));

  /** RFC 7797: the header says that the payload is not encoded; signed is the same text. */
  const unencoded = async (claims: Members): Promise<string> => {
    const header = { alg: 'ES256', kid: key.kid, b64: false, crit: ['b64'] };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, Buffer.from(text));
    return `${text}.${Buffer.from(signature).toString('base64url')}`;
  };

  describe('request objects', () => {
    const inside = (changes: Members = {}): Members => ({
      ...portal.requestParameters({ ...proofKey().parameters, state: 's' }),
      iss: portal.clientId,
      aud: portal.metadata.issuer,
      nbf: seconds(),
      exp: seconds() + 60,
      ...changes,
    });
    const beside = (request: string): Record<string, string> => ({
      ...portal.requestParameters({ state: 's' }),
      request,
    });

    for (const method of ['GET', 'POST'] as const) {
      it(`by ${method}: what stands inside counts, and what stands beside alone does not`, async () => {
        const request = await portal.sign(inside({ state: 'inside' }));
        // Beside it stands that no page may be shown: nobody is signed in, so this alone would be an error.
        const answer = await portal.authorize(citizen(), { ...beside(request), prompt: 'none' }, method);
        expect(answer.parameters.get('code'), answer.lastPage).to.be.a('string');
        expect(answer.parameters.get('state')).to.equal('inside');
      });
    }

    const faults: readonly (readonly [string, () => string | Promise<string>])[] = [
      ['without a signature', () => new UnsecuredJWT(inside()).encode()],
      ['signed with the public key as a secret', () => confused(inside())],
      ['signed by another portal, under its own kid', () => signedBy(otherKey, inside())],
      ["signed by another portal, under this one's kid", () => signedBy(otherKey, inside(), { kid: key.kid })],
      ['of another portal', () => portal.sign(inside({ iss: other.clientId }))],
      ['for another service', () => portal.sign(inside({ aud: 'https://other.example' }))],
      ['for nobody', () => portal.sign(inside({ aud: undefined }))],
      ['expired', () => portal.sign(inside({ nbf: undefined, exp: seconds() - 60 }))],
      ['that never expires', () => portal.sign(inside({ exp: undefined }))],
      ['that lives longer than an hour', () => portal.sign(inside({ exp: seconds() + 3700 }))],
      ['not valid yet', () => portal.sign(inside({ nbf: seconds() + 60 }))],
      ['issued in the future', () => portal.sign(inside({ iat: seconds() + 70, exp: seconds() + 130 }))],
      ['that is a proof of possession', () => portal.sign(inside(), { typ: 'dpop+jwt' })],
      ['that is a client assertion', () => portal.sign(inside(), { typ: 'client-authentication+jwt' })],
      ['whose payload is said to be unencoded', () => unencoded(inside())],
      ['with another request inside', () => portal.sign(inside({ request: 'x' }))],
      ['with an address inside', () => portal.sign(inside({ request_uri: 'https://portal.example/r' }))],
      ['for another client_id', () => portal.sign(inside({ client_id: other.clientId }))],
      ['that is no JWT', () => 'x.y.z'],
      [
        'larger than the limit',
        () => portal.sign(inside({ ui_locales: 'x'.repeat(MAXIMUM_REQUEST_OBJECT_CHARACTERS) })),
      ],
    ];
    for (const [fault, make] of faults) {
      it(`${fault}: refused in the browser and when pushed`, async () => {
        const request = await make();
        const pushed = await portal.post(portal.endpoint('pushed_authorization_request'), { request });
        expect([pushed.status, pushed.body.error]).to.deep.equal([400, 'invalid_request_object']);
        const answer = await portal.authorize(citizen(), beside(request));
        expect(answer.parameters.get('error') ?? answer.lastPage).to.match(
          /^invalid_request_object$|^400 \/auth AUTHORIZATION_REQUEST_REFUSED/,
        );
        expect(answer.parameters.get('code')).to.equal(null);
      });
    }

    it('issued by a clock that is ten seconds ahead are accepted', async () => {
      const request = await portal.sign(inside({ iat: seconds() + 10 }));
      expect((await portal.post(portal.endpoint('pushed_authorization_request'), { request })).status).to.equal(201);
    });

    it('up to the limit are accepted, pushed', async () => {
      const spare = MAXIMUM_REQUEST_OBJECT_CHARACTERS - (await portal.sign(inside({ ui_locales: '' }))).length;
      const request = await portal.sign(inside({ ui_locales: 'x'.repeat(Math.floor((spare * 3) / 4) - 3) }));
      expect(request.length).to.be.within(MAXIMUM_REQUEST_OBJECT_CHARACTERS - 10, MAXIMUM_REQUEST_OBJECT_CHARACTERS);
      expect((await portal.post(portal.endpoint('pushed_authorization_request'), { request })).status).to.equal(201);
    });

    it('are demanded of a portal that registered so', async () => {
      const strict = await registerRelyingParty(service, {
        key,
        registration: { token_endpoint_auth_method: 'private_key_jwt', require_signed_request_object: true },
      });
      const parameters = strict.requestParameters(proofKey().parameters);
      expectError(await strict.authorize(citizen(), parameters), parameters.state, 'invalid_request');
    });

    it('are never fetched', async () => {
      const parameters = portal.requestParameters({ request_uri: 'https://portal.example/request.jwt' });
      expectError(await portal.authorize(citizen(), parameters), parameters.state, 'request_uri_not_supported');
    });
  });

  describe('the authorization endpoint by POST', () => {
    it('of more than an address carries: a page of ours, with a code', async () => {
      const answer = await portal.authorize(
        citizen(),
        { ...portal.requestParameters(), more: 'x'.repeat(8192) },
        'POST',
      );
      expect(answer.lastPage).to.equal('413 /auth REQUEST_TOO_LARGE');
    });
    it('of what is no form: a page of ours, with a code', async () => {
      const answer = await fetch(portal.endpoint('authorization'), {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain', Accept: 'text/html' },
        body: new URLSearchParams(portal.requestParameters()).toString(),
        redirect: 'manual',
      });
      expect(answer.status).to.equal(400);
      expect(await answer.text()).to.include('REQUEST_MALFORMED');
    });
    it('goes on at this service, whatever it holds', async () => {
      const answer = await citizen().send(
        'POST',
        portal.endpoint('authorization'),
        {},
        'client_id=%0d%0aX:%20y&@evil.example',
      );
      expect(answer.status).to.equal(303);
      const next = new URL(String(answer.headers.location), answer.url);
      expect(next.origin + next.pathname).to.equal(portal.endpoint('authorization').href);
      expect(answer.headers).to.not.have.property('x');
    });
  });

  describe('client assertions', () => {
    const assertion = (changes: Members = {}): Members => ({
      iss: portal.clientId,
      sub: portal.clientId,
      aud: portal.metadata.issuer,
      jti: randomBytes(16).toString('base64url'),
      iat: seconds(),
      exp: seconds() + 60,
      ...changes,
    });
    const push = (client_assertion: string, changes: Parameters = {}): Promise<TokenAnswer> =>
      portal.post(portal.endpoint('pushed_authorization_request'), {
        ...portal.requestParameters(proofKey().parameters),
        client_assertion_type: JWT_BEARER,
        client_assertion,
        ...changes,
      });
    const expectRefused = ({ status, body }: TokenAnswer): void => {
      expect([status, body.error]).to.deep.equal([401, 'invalid_client']);
      expect(body).to.not.have.property('request_uri');
    };

    it('for the issuer, or for the endpoint that they are sent to', async () => {
      for (const aud of [
        portal.metadata.issuer,
        portal.metadata.pushed_authorization_request_endpoint,
        ['x', portal.metadata.issuer],
      ]) {
        expect((await push(await portal.sign(assertion({ aud })))).status).to.equal(201);
      }
    });

    const faults: readonly (readonly [string, () => string | Promise<string>])[] = [
      ['without a signature', () => new UnsecuredJWT(assertion()).encode()],
      ['signed with the public key as a secret', () => confused(assertion())],
      ['signed by another portal, under its own kid', () => signedBy(otherKey, assertion())],
      ["signed by another portal, under this one's kid", () => signedBy(otherKey, assertion(), { kid: key.kid })],
      ['under a kid that nobody has', () => portal.sign(assertion(), { kid: 'x' })],
      ['that the portal says of another', () => portal.sign(assertion({ iss: other.clientId }))],
      ['for another service', () => portal.sign(assertion({ aud: 'https://other.example' }))],
      ['for another service among others', () => portal.sign(assertion({ aud: ['https://other.example'] }))],
      ['for nobody', () => portal.sign(assertion({ aud: undefined }))],
      ['expired', () => portal.sign(assertion({ exp: seconds() - 60 }))],
      ['that never expires', () => portal.sign(assertion({ exp: undefined }))],
      ['that lives longer than an hour', () => portal.sign(assertion({ exp: seconds() + 3700 }))],
      ['without an identifier', () => portal.sign(assertion({ jti: undefined }))],
      ['not valid yet', () => portal.sign(assertion({ nbf: seconds() + 60 }))],
      ['issued in the future', () => portal.sign(assertion({ iat: seconds() + 70, exp: seconds() + 130 }))],
      ['whose payload is said to be unencoded', () => unencoded(assertion())],
      ['that is a request object', () => portal.sign(assertion(), { typ: 'oauth-authz-req+jwt' })],
      ['that is a proof of possession', () => portal.sign(assertion(), { typ: 'dpop+jwt' })],
    ];
    for (const [fault, make] of faults) {
      it(`${fault}: invalid_client, on record`, async () => {
        expectRefused(await push(await make()));
        expect((await service.auditRecords()).at(-1)?.event).to.include({
          type: 'portal.refused',
          endpoint: 'pushed_authorization_request',
          error: 'invalid_client',
        });
      });
    }

    it('for the endpoint of another service do not count here, where the target names that service (RFC 9112 3.2.2)', async () => {
      const ours = portal.endpoint('pushed_authorization_request');
      const pushTo = async (path: string, aud: string) => {
        const body = new URLSearchParams({
          ...portal.requestParameters(proofKey().parameters),
          client_assertion_type: JWT_BEARER,
          client_assertion: await portal.sign(assertion({ aud })),
        }).toString();
        const headers = { Host: ours.host, 'Content-Type': 'application/x-www-form-urlencoded' };
        return send({ port: Number(ours.port), path, headers, method: 'POST', body });
      };
      const theirs = `https://other.example${ours.pathname}`;
      expect((await pushTo(theirs, ours.href)).status).to.equal(201);
      const { status, body } = await pushTo(theirs, theirs);
      expect([status, JSON.parse(body).error]).to.deep.equal([401, 'invalid_client']);
    });

    it('work once, in a row and at the same moment', async () => {
      const used = await portal.sign(assertion());
      expect((await push(used)).status).to.equal(201);
      expectRefused(await push(used));
      const raced = await portal.sign(assertion());
      const answers = await Promise.all(Array.from({ length: 10 }, () => push(raced)));
      expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(1);
      for (const answer of answers.filter(({ status }) => status !== 201)) expectRefused(answer);
    });

    it('of one algorithm alone, where the portal registered it', async () => {
      const rsa = await generatePortalKey('PS256');
      const registration = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'PS256' };
      const { alg: _, ...jwk } = rsa.publicJwk;
      const strict = await registerRelyingParty(service, {
        key: rsa,
        registration: { ...registration, jwks: { keys: [jwk, key.publicJwk] } },
      });
      const send = (client_assertion: string) =>
        strict.post(strict.endpoint('pushed_authorization_request'), {
          ...strict.requestParameters(proofKey().parameters),
          client_assertion_type: JWT_BEARER,
          client_assertion,
        });
      const of = { iss: strict.clientId, sub: strict.clientId };
      expect((await send(await signedBy(rsa, assertion(of)))).status).to.equal(201);
      expectRefused(await send(await signedBy(key, assertion(of))));
    });
  });
});
