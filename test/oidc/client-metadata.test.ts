import { expect } from 'chai';
import { clientMetadata } from '../../src/oidc/client-metadata.ts';
import type { Portal } from '../../src/relying-party/portal.ts';
import { portal } from '../store/records.ts';

const WITH_KEYS = portal('passport-renewal');
const { jwks: _, ...withoutKeys } = WITH_KEYS;
const WITH_SECRET: Portal = {
  ...withoutKeys,
  tokenEndpointAuthMethod: 'client_secret_basic',
  clientSecretHash: 'hash-of-the-secret',
};

describe('a portal as a client (Dynamic Client Registration 1.0, 2)', () => {
  it('may do what this service does, and no more', () => {
    expect(clientMetadata(WITH_KEYS)).to.deep.include({
      client_id: 'passport-renewal',
      application_type: 'web',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: WITH_KEYS.redirectUris,
      subject_type: 'pairwise',
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: WITH_KEYS.jwks,
    });
  });

  it('with keys has no secret', () => {
    expect(clientMetadata(WITH_KEYS)).to.not.have.any.keys('client_secret', 'thiqa_secret_hash');
  });

  it('with a secret has its hash, and in its place a value that nobody knows', () => {
    const metadata = clientMetadata(WITH_SECRET);
    expect(metadata.thiqa_secret_hash).to.equal('hash-of-the-secret');
    expect(metadata.client_secret)
      .to.match(/^[\w-]{43}$/)
      .and.not.equal('hash-of-the-secret');
    expect(metadata).to.not.have.property('jwks');
  });

  it('is equal to itself: oidc-provider keeps what it parsed by a hash of it', () => {
    expect(clientMetadata(WITH_SECRET)).to.deep.equal(clientMetadata(WITH_SECRET));
  });

  it('shares no list with the portal: what the provider does to its own changes nothing', () => {
    const metadata = clientMetadata(WITH_KEYS);
    expect(metadata.redirect_uris).to.not.equal(WITH_KEYS.redirectUris);
    expect(metadata.jwks?.keys[0]).to.not.equal(WITH_KEYS.jwks?.keys[0]);
  });

  it('is named in French, else in another language that it has, else by its client_id', () => {
    const named = (name: Portal['name']) => clientMetadata({ ...WITH_KEYS, name }).client_name;
    expect(named({ ar: 'جواز', fr: 'Passeport', en: 'Passport' })).to.equal('Passeport');
    expect(named({ ar: 'جواز' })).to.equal('جواز');
    expect(named({ zgh: 'ⴰⵣⵔⴰⵢ' })).to.equal('ⴰⵣⵔⴰⵢ');
    expect(named({})).to.equal('passport-renewal');
  });
});
