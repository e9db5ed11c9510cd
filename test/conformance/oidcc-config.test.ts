/**
 * OpenID's plan `oidcc-config-certification-test-plan` (OpenID Connect Discovery 1.0 sections 3 and 4, RFC 8414), against the
 * service that ends TLS itself: the module wants every address to be https.
 */
import { expect } from 'chai';
import { exchange, type PageResponse } from '../../src/demo/page-exchange.ts';
import { type HttpsService, startHttpsService } from '../support/https-service.ts';
import { letSign } from '../support/signing-algorithm.ts';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

describe('oidcc-config-certification-test-plan', () => {
  let service: HttpsService;
  before(async () => {
    service = await startHttpsService();
    // Discovery 1.0 section 3: RS256 MUST be included.
    await letSign({ directory: service.directory, reload: () => service.service.reload() }, 'RS256');
  });
  after(() => service?.dispose());

  const get = (url: URL | string): Promise<PageResponse> =>
    exchange({ method: 'GET', url: new URL(url), headers: {} }, { tlsRootPem: service.tlsRootPem });

  it('oidcc-discovery-endpoint-verification', async () => {
    const answer = await get(`${service.issuer}/.well-known/openid-configuration`);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.match(/^application\/json(;|$)/);
    const metadata = JSON.parse(answer.body);

    expect(metadata.issuer).to.equal(service.issuer);
    const { origin, search, hash } = new URL(metadata.issuer);
    expect(`${origin}${search}${hash}`).to.equal(metadata.issuer);

    expect(metadata.response_types_supported).to.deep.equal(['code']);
    expect(metadata.grant_types_supported).to.include('authorization_code').and.not.include('implicit');
    expect(metadata.subject_types_supported).to.deep.equal(['pairwise']);
    expect(metadata.id_token_signing_alg_values_supported).to.have.members(['ES256', 'RS256']);
    expect(metadata.userinfo_signing_alg_values_supported).to.include('ES256').and.not.include('none');
    expect(metadata.scopes_supported).to.include('openid');
    for (const scope of metadata.scopes_supported) expect(scope).to.match(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(metadata.claims_supported).to.include.members(['sub', 'iss', 'auth_time', 'acr', 'name', 'birthdate']);
    expect(metadata.code_challenge_methods_supported).to.deep.equal(['S256']);
    expect(metadata.token_endpoint_auth_methods_supported).to.include.members([
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ]);
    // Said either way, so that nobody has to know the defaults.
    expect(metadata.claims_parameter_supported).to.equal(true);
    expect(metadata.request_parameter_supported).to.equal(true);
    expect(metadata.request_uri_parameter_supported).to.equal(false);
    expect(metadata.ui_locales_supported).to.deep.equal(['fr', 'ar', 'en', 'zgh']);
    // BCP 47, in the casing that it recommends.
    for (const locale of [...metadata.ui_locales_supported, ...metadata.claims_locales_supported]) {
      expect(locale).to.equal(Intl.getCanonicalLocales(locale)[0]);
    }

    // 4.2: claims with zero elements MUST be omitted.
    for (const [name, value] of Object.entries(metadata)) expect(value, name).to.not.deep.equal([]);
    expect(metadata).to.not.have.property('request_object_encryption_alg_values_supported');

    const addresses = Object.entries(metadata).filter(([name]) => /_(endpoint|uri|iframe)$/.test(name));
    for (const needed of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']) {
      expect(addresses.map(([name]) => name)).to.include(needed);
    }
    for (const [name, address] of addresses) expect(new URL(String(address)).protocol, name).to.equal('https:');

    const { keys } = JSON.parse((await get(metadata.jwks_uri)).body);
    expect(new Set(keys.map(({ kid }: { kid: unknown }) => kid)).size)
      .to.equal(keys.length)
      .and.be.above(0);
    for (const key of keys) {
      expect(key).to.include.keys('kty', 'kid', 'alg', 'use');
      expect(key).not.to.have.any.keys(...PRIVATE_MEMBERS);
    }
  });
});
