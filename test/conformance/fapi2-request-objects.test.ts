/**
 * OpenID's plan `fapi2-security-profile-final-test-plan`, the modules that its class names: request objects at the pushed
 * authorization request endpoint (FAPI 2.0 Message Signing 5.3.1, RFC 9101, RFC 9126). One test per module, named by it.
 *
 * Each refusal differs from the request that is accepted by one fault.
 */
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { generatePortalKey, proofKey } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { citizenOf } from './basic-plan.ts';
import { FapiPortal } from './fapi2-plan.ts';

const now = (): number => Math.floor(Date.now() / 1000);

describe('fapi2-security-profile-final-test-plan: request objects', () => {
  let service: TestService;
  let portal: FapiPortal;
  before(async () => {
    service = await startTestService();
    portal = await FapiPortal.register(service, { require_signed_request_object: true });
  });
  after(() => service.dispose());

  for (const [module, changes] of [
    [
      'fapi2-security-profile-final-ensure-request-object-with-multiple-aud-succeeds',
      () => ({ aud: ['https://other.example', portal.portal.metadata.issuer, 'neither'] }),
    ],
    [
      'fapi2-security-profile-final-ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted',
      () => ({ nbf: now() + 8, exp: now() + 8 + 60 }),
    ],
  ] as const) {
    it(module, async () => {
      const pkce = proofKey();
      const claims = portal.requestObjectClaims(pkce, changes());
      await portal.expectSignIn(citizenOf(service), claims, pkce, await portal.pushSigned(claims));
    });
  }

  for (const [module, changes] of [
    ['fapi2-security-profile-final-ensure-request-object-without-exp-fails', () => ({ exp: undefined })],
    ['fapi2-security-profile-final-ensure-request-object-without-nbf-fails', () => ({ nbf: undefined })],
    [
      'fapi2-security-profile-final-ensure-expired-request-object-fails',
      () => ({ nbf: now() - 600, iat: now() - 600, exp: now() - 300 }),
    ],
    ['fapi2-security-profile-final-ensure-request-object-with-bad-aud-fails', () => ({ aud: 'https://other.example' })],
    ['fapi2-security-profile-final-ensure-request-object-with-exp-over-60-fails', () => ({ exp: now() + 70 * 60 })],
    ['fapi2-security-profile-final-ensure-request-object-with-nbf-over-60-fails', () => ({ nbf: now() - 70 * 60 })],
    [
      'fapi2-security-profile-final-par-authorization-request-containing-request_uri',
      () => ({ request_uri: 'urn:ietf:params:oauth:request_uri:made-up' }),
    ],
  ] as const) {
    it(module, async () => {
      const refused = await portal.pushSigned(portal.requestObjectClaims(proofKey(), changes()));
      expect(refused.body.error, JSON.stringify(refused.body)).to.equal('invalid_request_object');
      expect(refused.status).to.equal(400);
      expect(refused.body).not.to.have.property('request_uri');
    });
  }

  it('fapi2-security-profile-final-ensure-signed-request-object-with-RS256-fails', async () => {
    const [rsa, key] = [await generatePortalKey('RS256'), await generatePortalKey()];
    // The key itself would do for PS256, so that nothing but the algorithm is at fault.
    const { alg: _, ...anyAlgorithm } = rsa.publicJwk;
    const twoKeys = await FapiPortal.register(service, { jwks: { keys: [key.publicJwk, anyAlgorithm] } }, key);
    const request = await new SignJWT({ ...twoKeys.requestObjectClaims(proofKey()) })
      .setProtectedHeader({ alg: 'RS256', kid: rsa.kid })
      .sign(rsa.privateKey);
    await expectRefused(twoKeys, request);
  });

  it('fapi2-security-profile-final-ensure-request-object-signature-algorithm-is-not-none', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    await expectRefused(portal, `${part({ alg: 'none' })}.${part(portal.requestObjectClaims(proofKey()))}.`);
  });

  it('fapi2-security-profile-final-ensure-request-object-with-invalid-signature-fails', async () => {
    const request = await portal.portal.sign(portal.requestObjectClaims(proofKey()));
    const [header, payload, signature = ''] = request.split('.');
    const octets = Buffer.from(signature, 'base64url');
    octets.writeUInt8(octets.readUInt8(0) ^ 1, 0);
    await expectRefused(portal, `${header}.${payload}.${octets.toString('base64url')}`);
  });

  it('fapi2-security-profile-final-ensure-matching-key-in-authorization-request', async () => {
    const other = await FapiPortal.register(service);
    await expectRefused(portal, await other.portal.sign(portal.requestObjectClaims(proofKey())));
  });

  it('fapi2-security-profile-final-ensure-unsigned-request-at-par-endpoint-fails', async () => {
    const refused = await portal.push({ ...portal.portal.requestParameters(), ...proofKey().parameters });
    expect(refused.status).to.equal(400);
    expect(refused.body.error).to.equal('invalid_request');
  });

  async function expectRefused(sender: FapiPortal, request: string): Promise<void> {
    const { status, body } = await sender.pushObject(request);
    expect(status).to.equal(400);
    expect(body.error, JSON.stringify(body)).to.equal('invalid_request_object');
  }
});
