/**
 * OpenID's plan `oidcc-basic-certification-test-plan`: userinfo and scopes (OpenID Connect Core 5.3, 5.4, 5.5). One test per
 * module, named by the module.
 *
 * A card proves neither an e-mail address nor a telephone number nor where somebody lives: those scopes are not offered, and
 * OpenID's suite skips their modules. Here each is asked for all the same, and must be ignored without an error.
 */
import { expect } from 'chai';
import { registerRelyingParty, type SignedIn, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { BASIC_PLAN, citizenOf } from './basic-plan.ts';

/** OpenID Connect Core 5.4. */
const CLAIMS_OF_OTHER_SCOPES = ['email', 'email_verified', 'phone_number', 'phone_number_verified', 'address'];
const PERSON = {
  name: 'Fatima Zahra El Idrissi',
  given_name: 'Fatima Zahra',
  family_name: 'El Idrissi',
  birthdate: '1988-03-14',
  gender: 'female',
};

describe('oidcc-basic-certification-test-plan: userinfo and scopes', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: BASIC_PLAN });
  });
  after(() => service.dispose());

  for (const [module, way] of [
    ['oidcc-userinfo-get', 'GET'],
    ['oidcc-userinfo-post-header', 'POST-header'],
    ['oidcc-userinfo-post-body', 'POST-body'],
  ] as const) {
    it(module, async () => {
      const { accessToken, claims } = await portal.signIn(citizenOf(service));
      const { status, headers, body } = await portal.userinfo(accessToken, way);
      expect(status).to.equal(200);
      expect(headers['content-type']).to.match(/^application\/json(;|$)/);
      expect(body.sub).to.equal(claims.sub);

      const altered = `${accessToken.slice(0, -1)}${accessToken.endsWith('A') ? 'B' : 'A'}`;
      const refused = await portal.userinfo(altered, way);
      expect(refused.status).to.equal(401);
      // RFC 6750 3.
      expect(refused.headers['www-authenticate']).to.match(/^Bearer .*error="invalid_token"/);
    });
  }

  it('oidcc-scope-profile', async () => {
    const { body } = await userinfoFor('openid profile');
    expect(body).to.include(PERSON);
    expect(body).not.to.have.any.keys(...CLAIMS_OF_OTHER_SCOPES);
  });

  for (const [module, scope] of [
    ['oidcc-scope-email', 'email'],
    ['oidcc-scope-address', 'address'],
    ['oidcc-scope-phone', 'phone'],
  ] as const) {
    it(module, async () => {
      expect(portal.metadata.scopes_supported).not.to.include(scope);
      const { signedIn, body } = await userinfoFor(`openid ${scope}`);
      // RFC 6749 3.3: what was granted is said where it differs from what was asked.
      expect(signedIn.tokens.scope).to.equal('openid');
      expect(Object.keys(body)).to.deep.equal(['sub']);
    });
  }

  it('oidcc-scope-all', async () => {
    const { signedIn, body } = await userinfoFor('openid profile email address phone');
    expect(signedIn.tokens.scope).to.equal('openid profile');
    expect(body).to.include(PERSON);
    expect(body).not.to.have.any.keys(...CLAIMS_OF_OTHER_SCOPES);
  });

  it('oidcc-claims-essential', async () => {
    expect(portal.metadata.claims_parameter_supported).to.equal(true);
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const { accessToken } = await portal.signIn(citizenOf(service), { claims });
    const { body } = await portal.userinfo(accessToken);
    expect(body.name).to.equal(PERSON.name);
    expect(body).not.to.have.any.keys('given_name', 'family_name', 'birthdate', 'gender');
  });

  it('oidcc-claims-locales', async () => {
    const { accessToken } = await portal.signIn(citizenOf(service), { scope: 'openid profile', claims_locales: 'se' });
    expect((await portal.userinfo(accessToken)).body).to.include(PERSON);
  });

  async function userinfoFor(
    scope: string,
  ): Promise<{ readonly signedIn: SignedIn; readonly body: Readonly<Record<string, unknown>> }> {
    const signedIn = await portal.signIn(citizenOf(service), { scope });
    const { status, body } = await portal.userinfo(signedIn.accessToken);
    expect(status).to.equal(200);
    expect(body.sub).to.equal(signedIn.claims.sub);
    return { signedIn, body };
  }
});
