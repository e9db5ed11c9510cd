import { expect } from 'chai';
import { hashOfSecret } from '../../src/authentication/challenge.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { OnboardingError, ServiceError } from '../../src/errors.ts';
import { APPROVABLE_CLAIMS } from '../../src/oidc/claims.ts';
import type { PortalStore } from '../../src/relying-party/portal.ts';
import { describePortal } from '../../src/relying-party/portal-description.ts';
import { registerPortal } from '../../src/relying-party/register-portal.ts';
import { AT } from '../support/authority.ts';
import { ABILITIES, memoryPortals, testAudit } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const PUBLIC_KEY = { ...generateKeys().publicKey.export({ format: 'jwk' }), kid: 'k' };
const DOCUMENT = {
  client_id: 'passport-renewal',
  name: { fr: 'Renouvellement du passeport', ar: 'تجديد جواز السفر' },
  sector: 'passport.example.ma',
  redirect_uris: ['https://passport.example.ma/callback'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [PUBLIC_KEY] },
  claims: ['given_name', 'family_name'],
  purpose: { fr: 'Préremplir votre demande' },
};
const { jwks: _, ...WITHOUT_KEYS } = DOCUMENT;
const WITH_SECRET = { ...WITHOUT_KEYS, token_endpoint_auth_method: 'client_secret_basic' };

function setUp(portals: PortalStore = memoryPortals()) {
  const audit = testAudit();
  const register = (document: unknown) =>
    registerPortal(document, {
      portals,
      audit: audit.log,
      clock: () => AT,
      approvableClaims: APPROVABLE_CLAIMS,
      abilities: ABILITIES,
      fetchJson: () => expect.fail('nothing is fetched for this portal'),
    });
  return { portals, audit, register };
}

/** The paths of the problems with the document. */
async function problemsOf(document: unknown): Promise<readonly string[]> {
  const { portals, audit, register } = setUp();
  const error = await expectRefusal(() => register(document), OnboardingError, 'PORTAL_MALFORMED');
  expect(await portals.list()).to.deep.equal([]);
  expect(audit.events()).to.deep.equal([]);
  const problems = error.detail.problems as readonly { path: string; message: string }[]; // of this code, by contract
  for (const { message } of problems) expect(message).to.be.a('string').that.is.not.empty;
  return problems.map(({ path }) => path);
}

describe('the registration of a portal', () => {
  it('with private_key_jwt: keeps what the officer wrote, active from now', async () => {
    const { portals, register } = setUp();
    const registered = await register(DOCUMENT);
    expect(registered).to.deep.equal({
      portal: {
        clientId: 'passport-renewal',
        name: DOCUMENT.name,
        sector: 'passport.example.ma',
        redirectUris: DOCUMENT.redirect_uris,
        tokenEndpointAuthMethod: 'private_key_jwt',
        jwks: DOCUMENT.jwks,
        claims: DOCUMENT.claims,
        purpose: DOCUMENT.purpose,
        status: 'active',
        registeredAt: AT,
      },
    });
    expect(await portals.find('passport-renewal')).to.deep.equal(registered.portal);
  });

  it('with client_secret_basic: shows a secret of 256 bits once, and keeps its hash', async () => {
    const { portals, register } = setUp();
    const { clientSecret = '' } = await register(WITH_SECRET);
    expect(clientSecret).to.match(/^[\w-]{43}$/);
    const kept = await portals.find('passport-renewal');
    expect(kept?.clientSecretHash).to.equal(hashOfSecret(clientSecret));
    expect(JSON.stringify(kept)).to.not.include(clientSecret);
    expect((await setUp().register(WITH_SECRET)).clientSecret).to.not.equal(clientSecret);
  });

  it('is on record', async () => {
    const { audit, register } = setUp();
    await register(DOCUMENT);
    expect(audit.events()).to.deep.equal([{ type: 'portal.registered', clientId: 'passport-renewal' }]);
  });

  it('without a durable record there is none', async () => {
    const { audit, portals, register } = setUp();
    audit.fail();
    await expectRefusal(() => register(DOCUMENT), ServiceError, 'AUDIT_UNAVAILABLE');
    expect(await portals.list()).to.deep.equal([]);
  });

  it('of a client_id that exists is refused, and changes nothing', async () => {
    const { portals, audit, register } = setUp();
    const { portal } = await register(DOCUMENT);
    const other = { ...DOCUMENT, redirect_uris: ['https://evil.example/callback'] };
    await expectRefusal(() => register(other), OnboardingError, 'PORTAL_EXISTS');
    expect(await portals.list()).to.deep.equal([portal]);
    expect(audit.events()).to.have.lengthOf(1);
  });

  it('of two who register one client_id at once, one is refused', async () => {
    const { portals, register } = setUp();
    const settled = await Promise.allSettled([register(DOCUMENT), register(DOCUMENT)]);
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
    expect(settled.find(({ status }) => status === 'rejected')).to.have.nested.property('reason.code', 'PORTAL_EXISTS');
    expect(await portals.list()).to.have.lengthOf(1);
  });

  it('writes host names in lower case, so that one sector is one', async () => {
    const { portal } = await setUp().register({ ...DOCUMENT, sector: 'Passport.Example.MA' });
    expect(portal.sector).to.equal('passport.example.ma');
  });
});

describe('what an officer may write', () => {
  const accept = async (changes: Readonly<Record<string, unknown>>): Promise<void> => {
    expect(await setUp().register({ ...DOCUMENT, ...changes })).to.have.property('portal');
  };
  const refuse = (path: string, changes: Readonly<Record<string, unknown>>) => async () => {
    expect(await problemsOf({ ...DOCUMENT, ...changes })).to.deep.equal([path]);
  };
  const uri = (address: string) => ({ redirect_uris: [address] });

  it('redirect URI: https, or http on loopback', async () => {
    for (const address of [
      'https://a.example/cb?x=1',
      'http://localhost:4100/cb',
      'http://127.0.0.1/cb',
      'http://[::1]:1/',
    ]) {
      await accept(uri(address));
    }
  });
  for (const address of [
    'http://a.example/cb',
    'http://localhost.evil.example/cb',
    'https://a.example/cb#fragment',
    'https://*.a.example/cb',
    ' https://a.example/cb',
    'https://a.example/c\nb',
    'https://a.example\\cb',
    'https://a.example/cb#',
    'https://user@a.example/cb',
    'https://user:password@a.example/cb',
    '/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/cb',
    `https://a.example/${'a'.repeat(2000)}`,
    '',
  ]) {
    it(`redirect URI: not ${JSON.stringify(address.slice(0, 40))}`, refuse('redirect_uris.0', uri(address)));
  }
  it('redirect URIs: at least one', refuse('redirect_uris', { redirect_uris: [] }));
  it('redirect URIs: 20 at the most', async () => {
    const uris = (count: number) => Array.from({ length: count }, (_unused, index) => `https://a.example/${index}`);
    await accept({ redirect_uris: uris(20) });
    await refuse('redirect_uris', { redirect_uris: uris(21) })();
  });
  it(
    'redirect URIs: of one host (OpenID Connect Core 8.1)',
    refuse('redirect_uris', { redirect_uris: ['https://a.example/cb', 'https://b.example/cb'] }),
  );

  it('client_id: 3 to 64 characters', async () => {
    await accept({ client_id: 'a-1' });
    await accept({ client_id: 'a'.repeat(64) });
  });
  for (const clientId of ['ab', 'a'.repeat(65), 'Portal', '-ab', 'a b', 'a/b', 'é-portal', '', 7, null]) {
    it(`client_id: not ${JSON.stringify(clientId).slice(0, 30)}`, refuse('client_id', { client_id: clientId }));
  }

  for (const sector of [
    '',
    'https://a.example',
    'a.example/path',
    'a example',
    'a.example\n',
    `${'a.'.repeat(127)}ab`,
  ]) {
    it(`sector: not ${JSON.stringify(sector.slice(0, 30))}`, async () => {
      expect(new Set(await problemsOf({ ...DOCUMENT, sector }))).to.deep.equal(new Set(['sector']));
    });
  }

  it('keys: those of private_key_jwt are needed', async () => {
    expect(await problemsOf(WITHOUT_KEYS)).to.deep.equal(['jwks']);
  });
  it('keys: those of client_secret_basic are refused', async () => {
    expect(await problemsOf({ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' })).to.deep.equal([
      'jwks',
    ]);
  });
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
    it(
      `keys: never a private one (${member})`,
      refuse('jwks.keys.0', { jwks: { keys: [{ ...PUBLIC_KEY, [member]: 'x' }] } }),
    );
  }
  it('keys: not incomplete', refuse('jwks.keys.0', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x' }] } }));
  it('keys: not symmetric', refuse('jwks.keys.0.kty', { jwks: { keys: [{ kty: 'oct' }] } }));
  it('keys: at least one', refuse('jwks.keys', { jwks: { keys: [] } }));

  for (const method of ['client_secret_jwt', 'attest_jwt_client_auth', '', undefined]) {
    it(
      `token_endpoint_auth_method: not ${method}`,
      refuse('token_endpoint_auth_method', { token_endpoint_auth_method: method }),
    );
  }

  it('minimum_acr: a level, kept with the portal and shown to officers', async () => {
    const { portal } = await setUp().register({ ...DOCUMENT, minimum_acr: 'substantial' });
    expect(portal.minimumLevel).to.equal('substantial');
    expect(describePortal(portal)).to.include({ minimum_acr: 'substantial' });
    await refuse('minimum_acr', { minimum_acr: 'medium' })();
  });

  it('claims: any that exist, or none', async () => {
    await accept({ claims: [...APPROVABLE_CLAIMS] });
    await accept({ claims: [] });
  });
  for (const claim of ['email', 'sub', 'verified_claims.document.number', 'given_name#ar', '__proto__', 'Given_name']) {
    it(`claims: not ${claim}`, refuse('claims.1', { claims: ['given_name', claim] }));
  }

  for (const field of ['name', 'purpose'] as const) {
    it(`${field}: one language is enough, none is not`, async () => {
      await accept({ [field]: { zgh: 'ⵜⴰⵙⵏⵓⴱⴳⴰ' } });
      await refuse(field, { [field]: {} })();
    });
    it(`${field}: 300 characters at the most`, async () => {
      await accept({ [field]: { fr: 'a'.repeat(300) } });
      await refuse(`${field}.fr`, { [field]: { fr: 'a'.repeat(301) } })();
    });
    it(`${field}: not of white space`, refuse(`${field}.fr`, { [field]: { fr: '  ' } }));
    it(`${field}: of languages that we know`, refuse(field, { [field]: { fr: 'x', tlh: 'y' } }));
  }

  it('nothing that nobody asked for', refuse('', { software_statement: 'x' }));
  it('every problem is told at once', async () => {
    expect(await problemsOf({ client_id: 'A', redirect_uris: ['x'], claims: ['x'] })).to.include.members([
      'client_id',
      'name',
      'sector',
      'redirect_uris.0',
      'token_endpoint_auth_method',
      'claims.0',
      'purpose',
    ]);
  });
  for (const document of [undefined, null, 'text', 7, [], () => {}]) {
    it(`a document, not ${document === undefined ? 'nothing' : typeof document}`, async () => {
      expect(await problemsOf(document)).to.deep.equal(['']);
    });
  }
});
