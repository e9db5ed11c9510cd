/**
 * OpenID's plan `fapi2-security-profile-final-test-plan` beyond the modules that its class names: client authentication, the
 * token endpoint, DPoP (FAPI 2.0 Security Profile 5.3.2.1, 5.3.2.4; RFC 7523; RFC 9449). One test per module, named by it.
 *
 * Each refusal differs from what is accepted by one fault.
 */
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';
import {
  generatePortalKey,
  type Parameters,
  type PortalKey,
  proofKey,
  type TokenAnswer,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { citizenOf } from './basic-plan.ts';
import { FapiPortal } from './fapi2-plan.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('fapi2-security-profile-final-test-plan: tokens', () => {
  let service: TestService;
  let portal: FapiPortal;
  let other: FapiPortal;
  before(async () => {
    service = await startTestService();
    portal = await FapiPortal.register(service);
    other = await FapiPortal.register(service);
  });
  after(() => service.dispose());

  describe('the authorization code', () => {
    it('fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      expectRefused(await other.redeem(code, pkce), 'invalid_grant');
    });

    it('fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      const { body } = await portal.redeem(code, pkce);
      const accessToken = String(body.access_token);
      expect((await portal.userinfo(accessToken)).status).to.equal(200);
      service.advance(1);
      expectRefused(await portal.redeem(code, pkce), 'invalid_grant');
      expect((await portal.userinfo(accessToken)).status, 'RFC 6749 4.1.2: its token ends too').to.equal(401);
    });

    it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      service.advance(61);
      expectRefused(await portal.redeem(code, pkce), 'invalid_grant');
      service.advance(-61);
    });

    for (const [module, parameters] of [
      ['fapi2-security-profile-final-ensure-pkce-code-verifier-required', {}],
      ['fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected', { code_verifier: 'w'.repeat(43) }],
    ] as const) {
      it(module, async () => {
        const { code } = await portal.obtainCode(citizenOf(service));
        expectRefused(await portal.redeemWith(code, parameters), 'invalid_grant');
      });
    }
  });

  describe('client authentication', () => {
    it('fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint', async () => {
      const { status, body } = await redeemWithAssertion('');
      expect(status).to.be.oneOf([400, 401]);
      expect(body.error).to.be.oneOf(['invalid_client', 'invalid_request']);
    });

    it('fapi2-security-profile-final-ensure-client-id-in-token-endpoint', async () => {
      // RFC 7521 4.2: client_id is optional beside an assertion, but must be that of its subject.
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      const named = await portal.redeemWith(code, { code_verifier: pkce.verifier, client_id: other.portal.clientId });
      expectRefused(named, 'invalid_client', 'invalid_request', 'invalid_grant');
      const unnamed = await portal.redeemWith(code, { code_verifier: pkce.verifier, client_id: undefined });
      expect(unnamed.status, JSON.stringify(unnamed.body)).to.equal(200);
    });

    for (const [module, claims] of [
      [
        'fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails',
        () => ({ iat: now() - 360, exp: now() - 300 }),
      ],
      [
        'fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails',
        () => ({ aud: 'https://other.example' }),
      ],
      ['fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails', () => ({ sub: undefined })],
      [
        'fapi2-security-profile-final-par-test-array-as-audience-fails',
        () => ({ aud: [service.issuer, portal.portal.endpoint('token').href] }),
      ],
      [
        'fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails',
        () => ({ aud: portal.portal.endpoint('pushed_authorization_request').href }),
      ],
      [
        'fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails',
        () => ({ aud: portal.portal.endpoint('token').href }),
      ],
      [
        'fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails',
        () => ({ iat: now() + 70, nbf: now() + 70, exp: now() + 130 }),
      ],
    ] as const) {
      it(module, async () => {
        const assertion = await portal.portal.clientAssertion(claims());
        expectRefused(await pushWithAssertion(assertion), 'invalid_client');
        expectRefused(await redeemWithAssertion(await portal.portal.clientAssertion(claims())), 'invalid_client');
      });
    }

    it('fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted', async () => {
      const claims = { iat: now() + 8, nbf: now() + 8, exp: now() + 68 };
      const pushed = await pushWithAssertion(await portal.portal.clientAssertion(claims));
      expect(pushed.status, JSON.stringify(pushed.body)).to.equal(201);
    });

    it('fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails', async () => {
      const rsa = await generatePortalKey('RS256');
      const { alg: _, ...anyAlgorithm } = rsa.publicJwk;
      const twoKeys = await FapiPortal.register(service, { jwks: { keys: [anyAlgorithm] } });
      const { clientId } = twoKeys.portal;
      const assertion = await new SignJWT({
        iss: clientId,
        sub: clientId,
        aud: service.issuer,
        jti: 'j',
        exp: now() + 60,
      })
        .setProtectedHeader({ alg: 'RS256', kid: rsa.kid })
        .sign(rsa.privateKey);
      expectRefused(await pushWithAssertion(assertion, twoKeys), 'invalid_client');
    });

    function pushWithAssertion(client_assertion: string, sender: FapiPortal = portal): Promise<TokenAnswer> {
      const parameters = sender.portal.requestParameters(proofKey().parameters);
      return sender.push({ ...parameters, client_assertion_type: JWT_BEARER, client_assertion });
    }

    /** @param client_assertion empty for none (RFC 6749 3.2: a parameter without a value is absent) */
    async function redeemWithAssertion(client_assertion: string): Promise<TokenAnswer> {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      const client_assertion_type = client_assertion === '' ? '' : JWT_BEARER;
      return portal.redeemWith(code, { code_verifier: pkce.verifier, client_assertion_type, client_assertion });
    }
  });

  describe('DPoP', () => {
    it('fapi2-security-profile-final-ensure-holder-of-key-required', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      expectRefused(
        await portal.portal.redeem(code, { code_verifier: pkce.verifier }),
        'invalid_request',
        'invalid_dpop_proof',
        'invalid_grant',
      );
    });

    it('fapi2-security-profile-final-access-token-type-header-case-sensitivity', async () => {
      const accessToken = await signIn();
      for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
        expect((await portal.userinfo(accessToken, {}, scheme)).status, scheme).to.equal(200);
      }
      expect((await portal.userinfo(accessToken, {}, 'Bearer')).status).to.be.oneOf([400, 401]);
    });

    for (const [module, changes] of [
      ['fapi2-security-profile-final-check-dpop-proof-nbf-exp', () => ({ nbf: now(), exp: now() + 60 })],
      ['fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds', () => ({ iat: now() - 10 })],
      ['fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds', () => ({ iat: now() + 10 })],
    ] as const) {
      it(module, async () => {
        const { code, pkce } = await portal.obtainCode(citizenOf(service));
        const { status, body } = await portal.redeemWith(code, { code_verifier: pkce.verifier }, changes());
        expect(status, JSON.stringify(body)).to.equal(200);
        expect((await portal.userinfo(String(body.access_token), changes())).status).to.equal(200);
      });
    }

    it('fapi2-security-profile-final-ensure-dpop-auth-code-binding-success', async () => {
      const dpop_jkt = await thumbprint(portal.dpopKey);
      const { code, pkce } = await portal.obtainCode(citizenOf(service), { dpop_jkt });
      expect((await portal.redeem(code, pkce)).status).to.equal(200);
    });

    it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt', async () => {
      const dpop_jkt = await thumbprint(other.dpopKey);
      const { code, pkce } = await portal.obtainCode(citizenOf(service), { dpop_jkt });
      expectRefused(await portal.redeem(code, pkce), 'invalid_grant');
    });

    it('fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service), {}, await proofOfPush());
      expect((await portal.redeem(code, pkce)).status).to.equal(200);
    });

    it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt', async () => {
      const { code, pkce } = await portal.obtainCode(citizenOf(service), {}, await proofOfPush());
      const refused = await portal.redeemWith(code, { code_verifier: pkce.verifier }, {}, other.dpopKey);
      expectRefused(refused, 'invalid_grant');
    });

    it('fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails', async () => {
      const dpop_jkt = await thumbprint(other.dpopKey);
      const { pushed } = await portal.pushPlain({ dpop_jkt }, await proofOfPush());
      expectRefused(pushed, 'invalid_request', 'invalid_dpop_proof');
    });

    it('fapi2-security-profile-final-dpop-negative-tests', async () => {
      const accessToken = await signIn();
      for (const [fault, changes] of [
        ['another method', { htm: 'POST' }],
        ['another address', { htu: portal.portal.endpoint('token').href }],
        ['another access token', { ath: 'A'.repeat(43) }],
        ['no access token', { ath: undefined }],
        ['no jti', { jti: undefined }],
        ['no iat', { iat: undefined }],
        ['no method', { htm: undefined }],
        ['no address', { htu: undefined }],
      ] as const) {
        expectNoAccess(await portal.userinfo(accessToken, changes), fault);
      }
      expectNoAccess(await portal.userinfo(accessToken, {}, 'DPoP', other.dpopKey), 'another key');
      for (const [fault, header] of [
        ['no type', { typ: undefined }],
        ['another type', { typ: 'JWT' }],
        ['no key', { jwk: undefined }],
        ['the private key', { jwk: await exportJWK(portal.dpopKey.privateKey) }],
      ] as const) {
        expectNoAccess(await userinfoWith(accessToken, (proof) => proof, header), fault);
      }
      const [none, lastOfSignature] = [
        `${Buffer.from('{"alg":"none","typ":"dpop+jwt"}').toString('base64url')}.`,
        /.{4}$/,
      ];
      for (const [fault, alter] of [
        ['another signature', (proof: string) => proof.replace(lastOfSignature, 'AAAA')],
        ['no signature', (proof: string) => `${none}${proof.split('.')[1]}.`],
        ['no JWT', () => 'proof'],
      ] as const) {
        expectNoAccess(await userinfoWith(accessToken, alter), fault);
      }
      const once = { jti: randomBytes(16).toString('base64url') };
      expect((await portal.userinfo(accessToken, once)).status).to.equal(200);
      expectNoAccess(await portal.userinfo(accessToken, once), 'the same proof again');
      // RFC 9449 8: the nonce of the service says when a proof was made, whatever the portal's clock says.
      expect((await portal.userinfo(accessToken, { iat: now() - 3600 })).status).to.equal(200);
      const address = `${portal.portal.endpoint('userinfo').href}?query#fragment`;
      expect((await portal.userinfo(accessToken, { htu: address, more: 'members' })).status).to.equal(200);
    });

    function expectNoAccess({ status, headers }: TokenAnswer, fault: string): void {
      expect(status, fault).to.equal(401);
      expect(headers['www-authenticate'], fault).to.match(/^DPoP .*error="(invalid_dpop_proof|invalid_token)"/);
    }

    /** With a proof whose header, or text, a test changes. */
    async function userinfoWith(
      accessToken: string,
      alter: (proof: string) => string,
      header: Readonly<Record<string, unknown>> = {},
    ): Promise<TokenAnswer> {
      const Authorization = `DPoP ${accessToken}`;
      const ath = createHash('sha256').update(accessToken).digest('base64url');
      const first = await portal.portal.userinfo(accessToken, 'GET', {
        Authorization,
        DPoP: await portal.proof('GET', 'userinfo', { ath }),
      });
      const nonce = first.headers['dpop-nonce'];
      const DPoP = alter(await portal.proof('GET', 'userinfo', { nonce, ath }, portal.dpopKey, header));
      return portal.portal.userinfo(accessToken, 'GET', { Authorization, DPoP });
    }

    async function signIn(): Promise<string> {
      const { code, pkce } = await portal.obtainCode(citizenOf(service));
      return String((await portal.redeem(code, pkce)).body.access_token);
    }

    /** A proof for the pushed authorization request endpoint, with the nonce that it wants (RFC 9449 10.1). */
    async function proofOfPush(): Promise<Readonly<Record<string, string>>> {
      const proof = (nonce?: string): Promise<string> =>
        portal.proof('POST', 'pushed_authorization_request', { nonce });
      const { pushed } = await portal.pushPlain({}, { DPoP: await proof() });
      expect(pushed.body.error).to.equal('use_dpop_nonce');
      return { DPoP: await proof(String(pushed.headers['dpop-nonce'])) };
    }
  });

  it('fapi2-security-profile-final-refresh-token', async () => {
    const members = { grant_types: ['authorization_code', 'refresh_token'], refresh_tokens: true };
    const refreshing = await FapiPortal.register(service, members);
    const second = await FapiPortal.register(service, members);
    const request: Parameters = { scope: 'openid offline_access', prompt: 'consent' };
    const { code, pkce } = await refreshing.obtainCode(citizenOf(service), request);
    const { body } = await refreshing.redeem(code, pkce);
    const refresh_token = String(body.refresh_token);
    const refresh = async (sender: FapiPortal): Promise<TokenAnswer> => {
      const parameters = { grant_type: 'refresh_token', refresh_token };
      const token = sender.portal.endpoint('token');
      return sender.withNonce(async (nonce) =>
        sender.portal.post(token, parameters, { DPoP: await sender.proof('POST', 'token', { nonce }) }),
      );
    };
    expectRefused(await refresh(second), 'invalid_grant');
    const refreshed = await refresh(refreshing);
    expect(refreshed.status, JSON.stringify(refreshed.body)).to.equal(200);
    // FAPI 2.0 5.3.2.1: no rotation.
    expect(refreshed.body.refresh_token ?? refresh_token).to.equal(refresh_token);
    expect((await refreshing.userinfo(String(refreshed.body.access_token))).status).to.equal(200);
    // RFC 9449 5: it is constrained by client authentication, so a portal may go on with another DPoP key.
    const renewed = new FapiPortal(refreshing.portal, await generatePortalKey());
    const { body: rebound } = await refresh(renewed);
    expect((await renewed.userinfo(String(rebound.access_token))).status).to.equal(200);
    expect((await refreshing.userinfo(String(rebound.access_token))).status).to.equal(401);
  });
});

function thumbprint({ publicJwk }: PortalKey): Promise<string> {
  return calculateJwkThumbprint(publicJwk as JWK); // generated as one
}

function expectRefused({ status, body }: TokenAnswer, ...errors: string[]): void {
  expect(status, JSON.stringify(body)).to.be.oneOf([400, 401]);
  expect(body.error, JSON.stringify(body)).to.be.oneOf(errors);
  expect(body).not.to.have.any.keys('access_token', 'id_token', 'request_uri');
}
