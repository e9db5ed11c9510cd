import { expect } from 'chai';
import { CARD_DEFINITIONS, type CardDefinition, type CardId } from '../../src/demo/card-catalogue.ts';
import { type SignInOutcome, signInWithCard } from '../../src/demo/sign-in.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a citizen signs in to a portal with a card', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  const signIn = (id: CardId): Promise<SignInOutcome> =>
    signInWithCard({ portal: service.portal, card: service.card(id), tlsRootPem: service.tlsRootPem });
  const claimsOf = async (id: CardId): Promise<Readonly<Record<string, unknown>>> => {
    const outcome = await signIn(id);
    if (!('claims' in outcome)) throw new Error(`refused with ${outcome.code}`);
    return outcome.claims;
  };

  it('gives the portal the claims of the card and the level that it earned', async () => {
    const claims = await claimsOf('valid');
    expect(claims).to.include({
      given_name: 'Fatima Zahra',
      family_name: 'El Idrissi',
      name: 'Fatima Zahra El Idrissi',
      birthdate: '1988-03-14',
      gender: 'female',
      acr: 'http://eidas.europa.eu/LoA/low',
    });
    expect(claims.amr).to.deep.equal(['swk', 'pin']);
    expect(claims.sub).to.match(/^[A-Za-z0-9_-]{43}$/);
  });

  it('gives names in Arabic as language-tagged claims beside the Latin ones', async () => {
    const claims = await claimsOf('valid-arabic');
    expect(claims).to.include({
      given_name: 'Youssef',
      'given_name#ar': 'يوسف',
      'family_name#ar': 'بنعلي',
      'name#ar': 'يوسف بنعلي',
    });
  });

  it('knows the same person again by a renewed card that spells the name another way', async () => {
    const [first, renewed] = [await claimsOf('valid'), await claimsOf('renewed')];
    expect(renewed.sub).to.equal(first.sub);
    expect(renewed.given_name).to.equal('Fatima-Zahra');
  });

  it('knows two persons by two numbers', async () => {
    const [one, other] = [await claimsOf('valid'), await claimsOf('valid-arabic')];
    expect(other.sub).not.to.equal(one.sub);
  });

  for (const card of CARD_DEFINITIONS as readonly (CardDefinition & { id: CardId })[]) {
    if (card.expectedCode === undefined) continue;
    it(`refuses the card "${card.id}" with ${card.expectedCode}, on record and on a page of ours`, async () => {
      const outcome = await signIn(card.id);
      expect(outcome).to.include({ code: card.expectedCode });
      const events = (await service.auditRecords()).map(({ event }) => event);
      expect(events.at(-1)).to.include({ type: 'citizen.refused', code: card.expectedCode });
    });
  }

  it('refuses a handshake without a card with CARD_NOT_PRESENTED', async () => {
    const outcome = await signInWithCard({ portal: service.portal, tlsRootPem: service.tlsRootPem });
    expect(outcome).to.include({ code: 'CARD_NOT_PRESENTED' });
  });

  it('records the authentication, the consent and the assertion before the portal has them', async () => {
    const before = (await service.auditRecords()).length;
    await claimsOf('valid-arabic');
    const events = (await service.auditRecords()).slice(before).map(({ event }) => event.type);
    // Consent was given above; it is asked once for one portal and the same claims.
    expect(events).to.deep.equal(['citizen.authenticated', 'assertion.issued']);
  });

  it('writes no name, number or key of anybody to the log or to the record', async () => {
    await claimsOf('valid');
    const text = service.logText() + JSON.stringify(await service.auditRecords());
    for (const secret of ['Idrissi', 'Fatima', 'يوسف', 'ZZ100001', 'PNOMA', 'BEGIN', 'hand-off=']) {
      expect(text).not.to.include(secret);
    }
    // A request that oidc-provider goes on with keeps the name under which it came.
    for (const route of ['/auth/:uid/sign-in', '/auth/:uid/sign-in/card']) {
      expect(service.logText()).to.include(`"method":"GET","route":"${route}"`);
    }
  });
});
