/**
 * Who recognises a citizen again (OpenID Connect Core 8.1): the portals of one sector, and nobody else.
 */
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import {
  PORTAL_ORIGIN,
  proofKey,
  REDIRECT_URI,
  RegistrationRefused,
  registerRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('the sector of a portal', () => {
  let service: TestService;
  let host: PortalHost;
  before(async () => {
    host = await startPortalHost();
    service = await startTestService({
      sandbox: { portalHosts: [host.host], portalAuthority: host.authorityFile },
    });
  });
  after(async () => {
    await service.dispose();
    await host.close();
  });

  const register = (registration: Readonly<Record<string, unknown>>) => registerRelyingParty(service, { registration });
  /** Everything that a portal is told, from the ID token and from userinfo. */
  async function toldTo(portal: Awaited<ReturnType<typeof register>>, card: 'valid' | 'renewed' = 'valid') {
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
    const { claims, accessToken, idToken, tokens } = await portal.signIn(citizen, pkce.parameters, {
      redeemWith: { code_verifier: pkce.verifier },
    });
    const { body } = await portal.userinfo(accessToken);
    expect(body.sub).to.equal(claims.sub);
    return { sub: String(claims.sub), text: JSON.stringify([claims, body, tokens, idToken]), claims, userinfo: body };
  }
  const refusal = async (registration: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
    const error = await register(registration).then(
      () => expect.fail('registered'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof RegistrationRefused)) throw error;
    return error.paths;
  };

  it('two portals of different sectors cannot join what they are told of one person', async () => {
    const [health, taxes] = [
      await register({ sector: 'health.example', claims: [] }),
      await register({ sector: 'taxes.example', claims: [] }),
    ];
    const [one, other] = [await toldTo(health), await toldTo(taxes)];
    expect(one.sub).to.not.equal(other.sub);
    expect(other.text).to.not.include(one.sub);
    // No value that both have tells this person from others: what is equal is equal for everybody.
    const values = ({ claims, userinfo }: typeof one) =>
      new Set(Object.values({ ...userinfo, ...claims }).map((value) => JSON.stringify(value)));
    const shared = [...values(one)].filter((value) => values(other).has(value));
    const person = shared.filter((value) => !/^(?:"http|\["swk|\d+$)/.test(value));
    expect(person).to.deep.equal([]);
    // Each knows the person again, by a renewed card too.
    expect((await toldTo(health, 'renewed')).sub).to.equal(one.sub);
  });

  it('two portals of one sector and host know one person', async () => {
    const [first, second] = [await register({}), await register({})];
    expect((await toldTo(first)).sub).to.equal((await toldTo(second)).sub);
  });

  it('a portal of another host joins a sector by approval alone, on record', async () => {
    const member = await register({});
    const elsewhere = { redirect_uris: [REDIRECT_URI, `${PORTAL_ORIGIN}/second`] };
    const other = { redirect_uris: ['https://other.example/callback'] };
    expect(await refusal(other)).to.deep.equal(['shared_sector']);
    await register(elsewhere);
    await register({ ...other, shared_sector: true });
    const { event } = (await service.auditRecords()).at(-1) ?? expect.fail('nothing is on record');
    if (event.type !== 'portal.registered') throw new Error(event.type);
    expect(event.sharesSectorWith).to.include(member.clientId);
  });

  describe('that spans several hosts', () => {
    const address = () => `https://${host.host}/sector.json`;
    const registration = () => ({
      sector: 'localhost',
      sector_identifier_uri: address(),
      redirect_uris: [REDIRECT_URI, 'https://second.example/callback'],
    });

    it('is shown by its list, which is read at registration and again when the portal is used', async () => {
      host.answers.set('/sector.json', { body: JSON.stringify(registration().redirect_uris) });
      const before = host.requests.length;
      const portal = await register(registration());
      expect(host.requests.slice(before)).to.deep.equal(['/sector.json']);
      await toldTo(portal);
      expect(host.requests.slice(before)).to.deep.equal(['/sector.json', '/sector.json']);
    });

    it('and no portal is used whose list has changed since', async () => {
      host.answers.set('/sector.json', { body: JSON.stringify(registration().redirect_uris) });
      const portal = await register({ ...registration(), shared_sector: true });
      host.answers.set('/sector.json', { body: JSON.stringify(['https://second.example/callback']) });
      const citizen = new Citizen({ tlsRootPem: service.tlsRootPem });
      const answer = await portal.authorize(citizen, portal.requestParameters(proofKey().parameters));
      expect(answer.lastPage).to.equal('400 /auth AUTHORIZATION_REQUEST_REFUSED');
    });

    it('is refused when the list names one redirect URI less', async () => {
      host.answers.set('/sector.json', { body: JSON.stringify([REDIRECT_URI]) });
      expect(await refusal({ ...registration(), shared_sector: true })).to.deep.equal(['sector_identifier_uri']);
    });

    it('is refused when there is no list', async () => {
      host.answers.delete('/sector.json');
      expect(await refusal({ ...registration(), shared_sector: true })).to.deep.equal(['sector_identifier_uri']);
    });
  });
});
