import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { generateKeys } from '../../src/demo/signing.ts';
import { OnboardingError, ServiceError } from '../../src/errors.ts';
import { APPROVABLE_CLAIMS } from '../../src/oidc/claims.ts';
import { describePortal } from '../../src/relying-party/portal-description.ts';
import type { ServiceAbilities } from '../../src/relying-party/protocol-metadata.ts';
import { registerPortal } from '../../src/relying-party/register-portal.ts';
import { AT } from '../support/authority.ts';
import { certificateFor } from '../support/portal-keys.ts';
import { ABILITIES, memoryPortals, testAudit } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const KEYS = generateKeys();
const JWK = KEYS.publicKey.export({ format: 'jwk' });
/** Node has a JWK for it, and nobody here signs or encrypts with it (RFC 8812). */
const SECP256K1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' });
const JWKS = { keys: [JWK] };
const BASIC = {
  client_id: 'old-portal',
  name: { fr: 'Portail' },
  sector: 'portal.example.ma',
  redirect_uris: ['https://portal.example.ma/callback'],
  token_endpoint_auth_method: 'client_secret_basic',
  claims: [],
  purpose: { fr: 'Servir' },
};
const BY_KEY = { ...BASIC, token_endpoint_auth_method: 'private_key_jwt', jwks: JWKS };
const PUBLIC = { ...BASIC, token_endpoint_auth_method: 'none' };
const FAPI = { ...BY_KEY, security_profile: 'fapi2', dpop_bound_access_tokens: true };
const LIST = 'https://sector.example.ma/portals.json';
const SECTOR = { ...BASIC, sector: 'sector.example.ma', sector_identifier_uri: LIST };

type Document = Readonly<Record<string, unknown>>;

function setUp(options: { readonly abilities?: Partial<ServiceAbilities>; readonly list?: unknown } = {}) {
  const [portals, audit] = [memoryPortals(), testAudit()];
  const fetched: string[] = [];
  const register = (document: Document) =>
    registerPortal(document, {
      portals,
      audit: audit.log,
      clock: () => AT,
      approvableClaims: APPROVABLE_CLAIMS,
      abilities: { ...ABILITIES, ...options.abilities },
      async fetchJson(address) {
        fetched.push(address);
        if (options.list instanceof Error) throw options.list;
        return options.list;
      },
    });
  return { portals, audit, register, fetched };
}

const accept = async (document: Document) => (await setUp().register(document)).portal;

/** The paths of what is wrong, none of it kept or on record. */
async function problemsOf(document: Document, { portals, audit, register } = setUp()): Promise<readonly string[]> {
  const [kept, recorded] = [await portals.list(), audit.events()];
  const error = await expectRefusal(() => register(document), OnboardingError, 'PORTAL_MALFORMED');
  expect(await portals.list()).to.deep.equal(kept);
  expect(audit.events()).to.deep.equal(recorded);
  return (error.detail.problems as readonly { path: string }[]).map(({ path }) => path); // of this code, by contract
}

const without = (document: Document, member: string): Document =>
  Object.fromEntries(Object.entries(document).filter(([name]) => name !== member));

describe('the protocol members of a registration', () => {
  const everything = {
    ...BY_KEY,
    grant_types: ['authorization_code', 'refresh_token'],
    refresh_tokens: true,
    response_types: ['code'],
    response_modes: ['query', 'form_post.jwt'],
    token_endpoint_auth_signing_alg: 'PS256',
    dpop_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
    id_token_signed_response_alg: 'EdDSA',
    id_token_encrypted_response_alg: 'ECDH-ES',
    id_token_encrypted_response_enc: 'A256GCM',
    userinfo_signed_response_alg: 'PS256',
    userinfo_encrypted_response_alg: 'RSA-OAEP-256',
    userinfo_encrypted_response_enc: 'A256GCM',
    authorization_signed_response_alg: 'ES256',
    authorization_encrypted_response_alg: 'ECDH-ES+A256KW',
    authorization_encrypted_response_enc: 'A256GCM',
    request_object_signing_alg: 'ES256',
    require_signed_request_object: true,
    default_max_age: 300,
    post_logout_redirect_uris: ['https://portal.example.ma/bye'],
    backchannel_logout_uri: 'https://portal.example.ma/logout',
    backchannel_logout_session_required: true,
    policy_uri: 'https://portal.example.ma/policy',
  };

  it('are kept under their own names, and listed as they were written', async () => {
    const portal = await accept(everything);
    const described = describePortal(portal);
    for (const [name, value] of Object.entries(everything)) expect(described[name], name).to.deep.equal(value);
    expect(portal.protocol).to.not.have.any.keys('client_id', 'jwks', 'refresh_tokens', 'claims');
  });

  it('are absent where none was written', async () => {
    expect(await accept(BASIC)).to.not.have.any.keys('protocol', 'securityProfile', 'requirePkce', 'refreshTokens');
  });

  it('listing shows no secret, nor its hash', async () => {
    const { clientSecret, portal } = await setUp().register(BASIC);
    const text = JSON.stringify(describePortal(portal));
    expect(text).to.not.include(clientSecret);
    expect(text).to.not.include(portal.clientSecretHash);
  });

  for (const [fault, document, paths] of [
    [
      'an ID token without a signature',
      { ...BASIC, id_token_signed_response_alg: 'none' },
      'id_token_signed_response_alg',
    ],
    [
      'a signature that the portal can make',
      { ...BASIC, id_token_signed_response_alg: 'HS256' },
      'id_token_signed_response_alg',
    ],
    ['unsigned request objects', { ...BY_KEY, request_object_signing_alg: 'none' }, 'request_object_signing_alg'],
    [
      'assertions by a secret',
      { ...BY_KEY, token_endpoint_auth_signing_alg: 'HS256' },
      'token_endpoint_auth_signing_alg',
    ],
    [
      'assertions that nobody signs',
      { ...BASIC, token_endpoint_auth_signing_alg: 'ES256' },
      'token_endpoint_auth_signing_alg',
    ],
    ['RSA1_5', { ...everything, id_token_encrypted_response_alg: 'RSA1_5' }, 'id_token_encrypted_response_alg'],
    ['CBC', { ...everything, id_token_encrypted_response_enc: 'A128CBC-HS256' }, 'id_token_encrypted_response_enc'],
    [
      'encryption without its enc',
      without(everything, 'userinfo_encrypted_response_enc'),
      'userinfo_encrypted_response_enc',
    ],
    [
      'an enc without its alg',
      without(everything, 'userinfo_encrypted_response_alg'),
      'userinfo_encrypted_response_alg',
    ],
    [
      'encryption of what is not signed',
      without(everything, 'userinfo_signed_response_alg'),
      'userinfo_signed_response_alg',
    ],
    [
      'encryption without keys',
      {
        ...without(everything, 'jwks'),
        token_endpoint_auth_method: 'client_secret_basic',
        token_endpoint_auth_signing_alg: undefined,
        require_signed_request_object: undefined,
        request_object_signing_alg: undefined,
      },
      'jwks',
    ],
    ['keys by value and by address', { ...BY_KEY, jwks_uri: 'https://portal.example.ma/jwks' }, 'jwks_uri'],
    ['keys that nothing uses', { ...BASIC, jwks_uri: 'https://portal.example.ma/jwks' }, 'jwks_uri'],
    ['keys over http', { ...without(BY_KEY, 'jwks'), jwks_uri: 'http://localhost/jwks' }, 'jwks_uri'],
    [
      'two keys of one kid',
      {
        ...BY_KEY,
        jwks: {
          keys: [
            { ...JWK, kid: 'a' },
            { ...JWK, kid: 'a' },
          ],
        },
      },
      'jwks.keys',
    ],
    [
      'a short RSA key',
      { ...BY_KEY, jwks: { keys: [generateKeys('RSA-1024').publicKey.export({ format: 'jwk' })] } },
      'jwks.keys.0',
    ],
    ['a curve that is not used', { ...BY_KEY, jwks: { keys: [SECP256K1] } }, 'jwks.keys.0'],
    ['the implicit grant', { ...BASIC, grant_types: ['authorization_code', 'implicit'] }, 'grant_types.1'],
    ['no grant', { ...BASIC, grant_types: [] }, 'grant_types'],
    ['another response type', { ...BASIC, response_types: ['id_token'] }, 'response_types.0'],
    ['an unknown response mode', { ...BASIC, response_modes: ['web_message'] }, 'response_modes.0'],
    ['public subjects', { ...BASIC, subject_type: 'public' }, 'subject_type'],
    [
      'refresh tokens that nobody approved',
      { ...BASIC, grant_types: ['authorization_code', 'refresh_token'] },
      'grant_types',
    ],
    ['refresh tokens without the grant type', { ...BASIC, refresh_tokens: true }, 'refresh_tokens'],
    ['a public portal without PKCE', { ...PUBLIC, require_pkce: false }, 'require_pkce'],
    [
      'tokens bound twice',
      { ...BASIC, dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: true },
      'dpop_bound_access_tokens',
    ],
    ['a negative max age', { ...BASIC, default_max_age: -1 }, 'default_max_age'],
    [
      'sessions at no logout address',
      { ...BASIC, backchannel_logout_session_required: true },
      'backchannel_logout_session_required',
    ],
    [
      'a logout address in the clear',
      { ...BASIC, backchannel_logout_uri: 'http://portal.example.ma/x' },
      'backchannel_logout_uri',
    ],
    [
      'a logout address on the machine of the service',
      { ...BASIC, backchannel_logout_uri: 'http://localhost:4100/x' },
      'backchannel_logout_uri',
    ],
    ['a policy that is a script', { ...BASIC, policy_uri: 'javascript:alert(1)' }, 'policy_uri'],
  ] as const) {
    it(`refuse ${fault}`, async () => expect(await problemsOf(document)).to.deep.equal([paths]));
  }

  it('give a logout address on loopback to a portal of a sandbox alone', async () => {
    const document = { ...BASIC, backchannel_logout_uri: 'http://localhost:4100/x' };
    const { portals, register } = setUp({ abilities: { isSandbox: true } });
    await register(document);
    expect((await portals.list())[0]?.protocol).to.include({ backchannel_logout_uri: 'http://localhost:4100/x' });
  });

  it('tell every wrong combination at once', async () => {
    expect(
      await problemsOf({ ...PUBLIC, require_pkce: false, refresh_tokens: true, jwks: JWKS, security_profile: 'fapi2' }),
    ).to.have.members([
      'require_pkce',
      'refresh_tokens',
      'jwks',
      'token_endpoint_auth_method',
      'dpop_bound_access_tokens',
      'require_pkce',
    ]);
  });

  it('offer the algorithms for which the service has a key', async () => {
    const onlyES256 = { abilities: { signingAlgorithms: ['ES256'] } };
    await setUp(onlyES256).register({ ...BASIC, id_token_signed_response_alg: 'ES256' });
    expect(await problemsOf({ ...BASIC, id_token_signed_response_alg: 'PS256' }, setUp(onlyES256))).to.deep.equal([
      'id_token_signed_response_alg',
    ]);
  });

  describe('RS256 (OpenID Connect Core 15.1)', () => {
    it('is for what every OpenID Connect client verifies, and for nothing else', async () => {
      const { protocol } = await accept({ ...BASIC, id_token_signed_response_alg: 'RS256' });
      expect(protocol).to.include({ id_token_signed_response_alg: 'RS256' });
      for (const member of ['authorization_signed_response_alg', 'introspection_signed_response_alg']) {
        expect(await problemsOf({ ...BASIC, [member]: 'RS256' })).to.deep.equal([member]);
      }
      for (const member of ['token_endpoint_auth_signing_alg', 'request_object_signing_alg']) {
        expect(await problemsOf({ ...BY_KEY, [member]: 'RS256' })).to.deep.equal([member]);
      }
    });

    it('is for no portal of FAPI 2.0 (5.4.1)', async () => {
      for (const member of ['id_token_signed_response_alg', 'userinfo_signed_response_alg']) {
        expect(await problemsOf({ ...FAPI, [member]: 'RS256' })).to.deep.equal([member]);
      }
    });
  });

  describe('RFC 8705', () => {
    const byCa = {
      ...BASIC,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'portal.example.ma',
    };
    it('tls_client_auth: exactly one subject of the certificate', async () => {
      expect((await accept(byCa)).protocol).to.deep.equal({ tls_client_auth_san_dns: 'portal.example.ma' });
      expect(await problemsOf(without(byCa, 'tls_client_auth_san_dns'))).to.deep.equal(['tls_client_auth_subject_dn']);
      expect(await problemsOf({ ...byCa, tls_client_auth_subject_dn: 'CN=x' })).to.deep.equal([
        'tls_client_auth_subject_dn',
      ]);
    });
    it('a subject of a certificate for nobody else', async () => {
      expect(await problemsOf({ ...BASIC, tls_client_auth_san_dns: 'portal.example.ma' })).to.deep.equal([
        'tls_client_auth_san_dns',
      ]);
    });
    it('self_signed_tls_client_auth: the certificate of the key', async () => {
      const certificate = certificateFor(KEYS);
      const selfSigned = (x5c?: unknown) => ({
        ...BASIC,
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [{ ...JWK, ...(x5c !== undefined && { x5c }) }] },
      });
      await accept(selfSigned([certificate]));
      expect(await problemsOf(selfSigned())).to.deep.equal(['jwks']);
      for (const other of [[certificateFor(generateKeys())], ['x'], [], 'x', [1]]) {
        expect(await problemsOf(selfSigned(other))).to.deep.equal(['jwks.keys.0']);
      }
    });
    it('by a CA and a name that a certificate can carry', async () => {
      const byName = { ...without(byCa, 'tls_client_auth_san_dns'), tls_client_auth_subject_dn: 'CN=portal,C=MA' };
      await accept(byName);
      expect(await problemsOf({ ...byName, tls_client_auth_subject_dn: 'portal' })).to.deep.equal([
        'tls_client_auth_subject_dn',
      ]);
    });
    it('not by a CA where the service trusts none for portals', async () => {
      const noAuthorities = () => setUp({ abilities: { portalAuthorities: false } });
      expect(await problemsOf(byCa, noAuthorities())).to.deep.equal(['token_endpoint_auth_method']);
    });
    it('nothing of it where the service asks for no certificate', async () => {
      const noTls = () => setUp({ abilities: { mutualTls: false } });
      expect(await problemsOf(byCa, noTls())).to.deep.equal(['token_endpoint_auth_method']);
      expect(await problemsOf({ ...BASIC, tls_client_certificate_bound_access_tokens: true }, noTls())).to.deep.equal([
        'tls_client_certificate_bound_access_tokens',
      ]);
    });
  });

  describe('FAPI 2.0 Security Profile', () => {
    it('is kept and on record', async () => {
      const { register, audit } = setUp();
      expect((await register(FAPI)).portal).to.include({ securityProfile: 'fapi2' });
      expect(audit.events()).to.deep.equal([
        { type: 'portal.registered', clientId: 'old-portal', securityProfile: 'fapi2' },
      ]);
    });
    it('by certificate as well', async () => {
      await accept({
        ...without(FAPI, 'dpop_bound_access_tokens'),
        tls_client_certificate_bound_access_tokens: true,
      });
    });
    for (const [fault, document, path] of [
      [
        'a secret',
        { ...without(FAPI, 'jwks'), token_endpoint_auth_method: 'client_secret_basic' },
        'token_endpoint_auth_method',
      ],
      [
        'no authentication',
        { ...without(FAPI, 'jwks'), token_endpoint_auth_method: 'none' },
        'token_endpoint_auth_method',
      ],
      ['bearer tokens', without(FAPI, 'dpop_bound_access_tokens'), 'dpop_bound_access_tokens'],
      [
        'requests in the browser',
        { ...FAPI, require_pushed_authorization_requests: false },
        'require_pushed_authorization_requests',
      ],
      ['no PKCE', { ...FAPI, require_pkce: false }, 'require_pkce'],
      ['a code in the fragment', { ...FAPI, response_modes: ['query', 'fragment'] }, 'response_modes'],
      ['http on loopback', { ...FAPI, redirect_uris: ['http://localhost/callback'] }, 'redirect_uris'],
    ] as const) {
      it(`refuses ${fault}`, async () => expect(await problemsOf(document)).to.deep.equal([path]));
    }
  });

  it('what weakens a rule or widens what a portal may do is on record', async () => {
    const { register, audit } = setUp();
    await register({
      ...BASIC,
      require_pkce: false,
      refresh_tokens: true,
      grant_types: ['authorization_code', 'refresh_token'],
    });
    expect(audit.events()).to.deep.equal([
      { type: 'portal.registered', clientId: 'old-portal', pkceRequired: false, refreshTokens: true },
    ]);
  });
});

describe('OpenID Connect Core 8.1: the sector of a portal', () => {
  it('of several hosts is shown by a list, fetched once and naming each redirect URI', async () => {
    const redirect_uris = ['https://a.example.ma/callback', 'https://b.example.ma/callback'];
    const { register, fetched } = setUp({ list: [...redirect_uris, 'https://c.example.ma/other'] });
    const { portal } = await register({ ...SECTOR, redirect_uris });
    expect(portal).to.deep.include({ sector: 'sector.example.ma', protocol: { sector_identifier_uri: LIST } });
    expect(fetched).to.deep.equal([LIST]);
  });

  for (const [fault, list] of [
    ['does not name a redirect URI', ['https://portal.example.ma/other']],
    ['names it nearly', ['https://portal.example.ma/callback/']],
    ['is empty', []],
    ['is no list', { 0: 'https://portal.example.ma/callback' }],
    ['is one text that contains it', 'https://portal.example.ma/callback'],
    ['is nothing', null],
    ['cannot be fetched', new ServiceError('FETCH_REFUSED', 'refused')],
  ] as const) {
    it(`a list that ${fault} shows nothing`, async () => {
      expect(await problemsOf(SECTOR, setUp({ list }))).to.deep.equal(['sector_identifier_uri']);
    });
  }

  it('is the host of its list', async () => {
    expect(await problemsOf({ ...SECTOR, sector: 'portal.example.ma' })).to.deep.equal(['sector']);
  });

  it('is not fetched over http', async () => {
    const { register, fetched, portals, audit } = setUp();
    const document = { ...SECTOR, sector_identifier_uri: 'http://sector.example.ma/portals.json' };
    expect(await problemsOf(document, { register, fetched, portals, audit })).to.deep.equal(['sector_identifier_uri']);
    expect(fetched).to.deep.equal([]);
  });

  it('that a portal of another host has is shared by approval alone, on record', async () => {
    const parts = setUp();
    await parts.register(BASIC);
    const other = { ...BASIC, client_id: 'other-portal', redirect_uris: ['https://other.example.ma/callback'] };
    expect(await problemsOf(other, parts)).to.deep.equal(['shared_sector']);
    expect((await parts.register({ ...other, shared_sector: true })).portal).to.include({ sharedSector: true });
    expect(parts.audit.events().at(-1)).to.deep.equal({
      type: 'portal.registered',
      clientId: 'other-portal',
      sharesSectorWith: ['old-portal'],
    });
  });

  it('that a portal of the same host has needs none', async () => {
    const parts = setUp();
    await parts.register(BASIC);
    await parts.register({ ...BASIC, client_id: 'other-portal', redirect_uris: ['https://portal.example.ma/other'] });
    expect(await parts.portals.list()).to.have.lengthOf(2);
  });
});
