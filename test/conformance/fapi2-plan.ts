/**
 * A portal of OpenID's FAPI 2.0 plans: private_key_jwt, DPoP, and its requests pushed as signed request objects
 * (FAPI 2.0 Security Profile and Message Signing, RFC 9126, RFC 9101, RFC 9449).
 */
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import type { Citizen } from '../support/citizen.ts';
import {
  type AuthorizationAnswer,
  generatePortalKey,
  type Parameters,
  type PortalKey,
  type ProofKey,
  proofKey,
  registerRelyingParty,
  type ServicePlace,
  type TestRelyingParty,
  type TokenAnswer,
} from '../support/relying-party.ts';

type JsonObject = Readonly<Record<string, unknown>>;

export const FAPI2_PLAN = {
  security_profile: 'fapi2',
  token_endpoint_auth_method: 'private_key_jwt',
  dpop_bound_access_tokens: true,
};

export interface PushedRequest {
  readonly pkce: ProofKey;
  readonly parameters: Readonly<Record<string, string>>;
  readonly pushed: TokenAnswer;
}

export class FapiPortal {
  readonly portal: TestRelyingParty;
  readonly dpopKey: PortalKey;

  constructor(portal: TestRelyingParty, dpopKey: PortalKey) {
    this.portal = portal;
    this.dpopKey = dpopKey;
  }

  static async register(service: ServicePlace, members: JsonObject = {}, key?: PortalKey): Promise<FapiPortal> {
    const portal = await registerRelyingParty(service, {
      key: key ?? (await generatePortalKey()),
      registration: { ...FAPI2_PLAN, ...members },
    });
    return new FapiPortal(portal, await generatePortalKey());
  }

  /** The claims of a request object that is accepted; `changes` override them, undefined leaves one out. */
  requestObjectClaims(pkce: ProofKey, changes: JsonObject = {}): JsonObject {
    const now = Math.floor(Date.now() / 1000);
    return {
      ...this.portal.requestParameters(),
      ...pkce.parameters,
      iss: this.portal.clientId,
      aud: this.portal.metadata.issuer,
      iat: now,
      nbf: now,
      exp: now + 60,
      ...changes,
    };
  }

  push(parameters: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    return this.portal.post(this.portal.endpoint('pushed_authorization_request'), parameters);
  }

  pushObject(request: string): Promise<TokenAnswer> {
    return this.push({ client_id: this.portal.clientId, request });
  }

  /** Pushes the claims, signed by this portal's key. */
  async pushSigned(claims: JsonObject, header: JsonObject = {}): Promise<TokenAnswer> {
    return this.pushObject(await this.portal.sign(claims, { typ: 'oauth-authz-req+jwt', ...header }));
  }

  /** Pushes an unsigned request that is accepted, but for the changes. */
  async pushPlain(changes: Parameters = {}, headers: Readonly<Record<string, string>> = {}): Promise<PushedRequest> {
    const pkce = proofKey();
    const parameters = this.portal.requestParameters({ ...pkce.parameters, ...changes });
    const endpoint = this.portal.endpoint('pushed_authorization_request');
    return { pkce, parameters, pushed: await this.portal.post(endpoint, parameters, headers) };
  }

  /** From an unsigned request to an authorization code. */
  async obtainCode(citizen: Citizen, changes: Parameters = {}, headers: Readonly<Record<string, string>> = {}) {
    const { pkce, parameters, pushed } = await this.pushPlain(changes, headers);
    const answer = await this.authorize(citizen, pushed);
    const code = answer.parameters.get('code');
    if (code === null) throw new Error(`no code: ${answer.lastPage}`);
    return { code, pkce, parameters, answer };
  }

  /** A redemption with a proof of possession whose members, or key, a test changes. */
  redeemWith(code: string, parameters: Parameters, changes: JsonObject = {}, key?: PortalKey): Promise<TokenAnswer> {
    return this.withNonce(async (nonce) =>
      this.portal.redeem(code, parameters, { DPoP: await this.proof('POST', 'token', { nonce, ...changes }, key) }),
    );
  }

  /** Sends the browser with what a push gave. */
  authorize(citizen: Citizen, pushed: TokenAnswer): Promise<AuthorizationAnswer> {
    expect(pushed.status, JSON.stringify(pushed.body)).to.equal(201);
    const request_uri = String(pushed.body.request_uri);
    return this.portal.authorize(citizen, { client_id: this.portal.clientId, request_uri });
  }

  /** Redeems the code with a proof of possession; once more where the service wants a nonce of its own (RFC 9449 8). */
  redeem(code: string, { verifier }: ProofKey): Promise<TokenAnswer> {
    return this.redeemWith(code, { code_verifier: verifier });
  }

  userinfo(accessToken: string, changes: JsonObject = {}, scheme = 'DPoP', key?: PortalKey): Promise<TokenAnswer> {
    const ath = createHash('sha256').update(accessToken).digest('base64url');
    return this.withNonce(async (nonce) =>
      this.portal.userinfo(accessToken, 'GET', {
        Authorization: `${scheme} ${accessToken}`,
        DPoP: await this.proof('GET', 'userinfo', { nonce, ath, ...changes }, key),
      }),
    );
  }

  /** RFC 9449 4.2. */
  proof(
    method: string,
    endpoint: string,
    changes: JsonObject = {},
    key: PortalKey = this.dpopKey,
    header: JsonObject = {},
  ): Promise<string> {
    const { kid: _, use: __, alg: ___, ...jwk } = key.publicJwk;
    return new SignJWT({
      jti: randomBytes(16).toString('base64url'),
      htm: method,
      htu: this.portal.endpoint(endpoint).href,
      iat: Math.floor(Date.now() / 1000),
      ...changes,
    })
      .setProtectedHeader({ alg: key.algorithm, typ: 'dpop+jwt', jwk, ...header })
      .sign(key.privateKey);
  }

  async withNonce(send: (nonce: string | undefined) => Promise<TokenAnswer>): Promise<TokenAnswer> {
    const first = await send(undefined);
    const nonce = first.headers['dpop-nonce'];
    const isWanted =
      first.body.error === 'use_dpop_nonce' || String(first.headers['www-authenticate']).includes('use_dpop_nonce');
    return isWanted && typeof nonce === 'string' ? send(nonce) : first;
  }

  /** From a pushed request to userinfo; every step must succeed. */
  async expectSignIn(citizen: Citizen, claims: JsonObject, pkce: ProofKey, pushed: TokenAnswer): Promise<void> {
    const answer = await this.authorize(citizen, pushed);
    expect(answer.parameters.get('code'), answer.lastPage).to.be.a('string');
    expect(answer.parameters.get('state')).to.equal(claims.state ?? null);
    // RFC 9207; FAPI 2.0 5.3.2.2.
    expect(answer.parameters.get('iss')).to.equal(this.portal.metadata.issuer);
    const { status, body } = await this.redeem(answer.parameters.get('code') ?? '', pkce);
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body.token_type).to.equal('DPoP');
    const { claims: assertion } = await this.portal.verifyIdToken(
      String(body.id_token),
      claims.nonce === undefined ? undefined : String(claims.nonce),
    );
    const userinfo = await this.userinfo(String(body.access_token));
    expect(userinfo.status, JSON.stringify(userinfo.body)).to.equal(200);
    expect(userinfo.body.sub).to.equal(assertion.sub);
  }
}
