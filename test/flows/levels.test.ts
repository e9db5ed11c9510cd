/**
 * Levels of assurance from the request to the ID token (OpenID Connect Core 3.1.2.1, 5.5.1.1; Unmet Authentication
 * Requirements 1.0). The service accepts two documents: the demonstration card, whose key is in software (low), and
 * another one (substantial); nobody reaches high.
 */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { acrOf } from '../../src/identity/level-of-assurance.ts';
import { Citizen } from '../support/citizen.ts';
import {
  expectError,
  type Parameters,
  RegistrationRefused,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const PROFILE = fileURLToPath(new URL('../support/profiles/other-document.yaml', import.meta.url));
const LOW: CardId = 'valid';
const SUBSTANTIAL: CardId = 'wrong-policy';
/** Without a level. */
const ASKING: Parameters = { claims: JSON.stringify({ id_token: { acr: null, amr: null } }) };
const UNMET = 'unmet_authentication_requirements';

describe('a portal asks for a level of assurance', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  before(async () => {
    service = await startTestService({ profiles: [PROFILE] });
    portal = await registerRelyingParty(service, { registration: { require_pkce: false } });
  });
  after(() => service.dispose());

  const citizenWith = (card: CardId): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
  const essential = (...values: string[]): Parameters => ({
    claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }),
  });
  const refuse = async (citizen: Citizen, changes: Parameters, error: string, by = portal) => {
    const parameters = by.requestParameters(changes);
    const answer = await by.authorize(citizen, parameters);
    expectError(answer, parameters.state, error);
    return answer.pages;
  };

  it('and gets the level of the document when it asks for none', async () => {
    const { claims: low } = await portal.signIn(citizenWith(LOW), ASKING);
    const { claims: substantial } = await portal.signIn(citizenWith(SUBSTANTIAL), ASKING);
    expect([low.acr, low.amr]).to.deep.equal([acrOf('low'), ['swk', 'pin']]);
    expect([substantial.acr, substantial.amr]).to.deep.equal([acrOf('substantial'), ['sc', 'hwk', 'pin', 'mfa']]);
  });

  for (const name of ['substantial', acrOf('substantial')]) {
    it(`by the name ${name}, and is answered by it`, async () => {
      for (const asking of [
        { acr_values: name },
        essential(name),
        { claims: JSON.stringify({ id_token: { acr: { essential: true, value: name } } }) },
      ]) {
        const { claims } = await portal.signIn(citizenWith(SUBSTANTIAL), asking);
        expect(claims.acr, JSON.stringify(asking)).to.equal(name);
      }
    });
  }

  it('and is answered by the highest of the names that the card reaches', async () => {
    const { claims } = await portal.signIn(citizenWith(SUBSTANTIAL), { acr_values: 'high low substantial' });
    expect(claims.acr).to.equal('substantial');
  });

  for (const [how, changes] of [
    ['acr_values', { acr_values: 'high substantial' }],
    ['an essential acr with values', essential('substantial', 'high')],
    ['the eIDAS URI', { acr_values: acrOf('substantial') }],
  ] as const) {
    it(`by ${how}, and learns it when the card does not reach it: nobody is signed in`, async () => {
      const citizen = citizenWith(LOW);
      expect(await refuse(citizen, changes, UNMET)).to.deep.equal(['present-card']);
      const events = (await service.auditRecords()).map(({ event }) => event);
      expect(events.at(-1)).to.include({ type: 'portal.refused', error: UNMET, clientId: portal.clientId });
    });
  }

  for (const [how, changes] of [
    ['acr_values', { acr_values: 'high' }],
    ['an essential acr', essential('high')],
    ['an essential acr that nobody knows', essential('urn:example:gold')],
    ['prompt=none', { acr_values: 'high', prompt: 'none' }],
  ] as const) {
    it(`that no document reaches, by ${how}, and learns it before anybody looks for a card`, async () => {
      expect(await refuse(citizenWith(SUBSTANTIAL), changes, UNMET)).to.deep.equal([]);
    });
  }

  it('as a wish alone, and is answered with what there is', async () => {
    for (const changes of [
      { claims: JSON.stringify({ id_token: { acr: { value: 'high' } } }) },
      { acr_values: 'urn:example:gold urn:example:silver' },
    ]) {
      expect((await portal.signIn(citizenWith(LOW), changes)).claims.acr).to.equal(acrOf('low'));
    }
  });

  it('that an essential claim and acr_values ask for together: the higher binds, the claim names it', async () => {
    const both = { ...essential('low'), acr_values: 'substantial' };
    expect(await refuse(citizenWith(LOW), both, UNMET)).to.deep.equal(['present-card']);
    expect((await portal.signIn(citizenWith(SUBSTANTIAL), both)).claims.acr).to.equal('low');
  });

  describe('in a browser where somebody is signed in', () => {
    it('at that level or a higher one: no card is asked for', async () => {
      const citizen = citizenWith(SUBSTANTIAL);
      await portal.signIn(citizen);
      for (const name of ['low', 'substantial']) {
        const { answer, claims } = await portal.signIn(citizen, { acr_values: name });
        expect(answer.pages).to.deep.equal([]);
        expect(claims.acr).to.equal(name);
      }
    });

    it('at a lower level: the card is asked for', async () => {
      const citizen = citizenWith(LOW);
      await portal.signIn(citizen);
      const pages = await refuse(citizen, { acr_values: 'substantial' }, UNMET);
      expect(pages).to.deep.equal(['present-card']);
    });

    it('at a lower level and with prompt=none: login_required', async () => {
      const citizen = citizenWith(LOW);
      await portal.signIn(citizen);
      const quiet = { prompt: 'none', acr_values: 'substantial' };
      expect(await refuse(citizen, quiet, 'login_required')).to.deep.equal([]);
      expect((await portal.signIn(citizen, { prompt: 'none', acr_values: 'low' })).claims.acr).to.equal('low');
    });
  });

  describe('by its registration', () => {
    let strict: TestRelyingParty;
    before(async () => {
      strict = await registerRelyingParty(service, {
        registration: { require_pkce: false, minimum_acr: 'substantial' },
      });
    });

    it('and nobody below it signs in, whatever the request asks for', async () => {
      for (const changes of [{}, { acr_values: 'low' }, essential('low')]) {
        expect(await refuse(citizenWith(LOW), changes, UNMET, strict)).to.deep.equal(['present-card']);
      }
      expect((await strict.signIn(citizenWith(SUBSTANTIAL), ASKING)).claims.acr).to.equal(acrOf('substantial'));
    });

    it('and a session that another portal was content with does not do', async () => {
      const citizen = citizenWith(LOW);
      await portal.signIn(citizen);
      expect(await refuse(citizen, { prompt: 'none' }, 'login_required', strict)).to.deep.equal([]);
    });

    it('which names a level', async () => {
      for (const minimum_acr of ['highest', acrOf('high'), '']) {
        const refused = await registerRelyingParty(service, { registration: { minimum_acr } }).then(
          () => expect.fail('it was registered'),
          (error: unknown) => error,
        );
        expect(refused)
          .to.be.instanceOf(RegistrationRefused)
          .with.deep.include({ paths: ['minimum_acr'] });
      }
    });
  });
});

describe('a portal asks for somebody', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let sub: string;
  let idToken: string;
  before(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service, { registration: { require_pkce: false } });
    const first = await portal.signIn(citizenWith('valid'));
    ({ idToken } = first);
    sub = String(first.claims.sub);
  });
  after(() => service.dispose());

  const citizenWith = (card: CardId): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
  const ways = (): readonly Parameters[] => [
    { id_token_hint: idToken },
    { claims: JSON.stringify({ id_token: { sub: { value: sub } } }) },
    { claims: JSON.stringify({ id_token: { sub: { values: ['somebody', sub] } } }) },
    { claims: JSON.stringify({ userinfo: { sub: { essential: true, value: sub } } }) },
  ];

  it('who then signs in with the card, also with a renewed one', async () => {
    for (const way of ways()) {
      expect((await portal.signIn(citizenWith('valid'), way)).claims.sub).to.equal(sub);
      expect((await portal.signIn(citizenWith('renewed'), way)).claims.sub).to.equal(sub);
    }
  });

  it('and somebody else does not: login_required, and the card is not asked for without end', async () => {
    for (const way of ways()) {
      const parameters = portal.requestParameters(way);
      const answer = await portal.authorize(citizenWith('valid-arabic'), parameters);
      expectError(answer, parameters.state, 'login_required');
      expect(answer.pages, JSON.stringify(way)).to.deep.equal(['present-card']);
    }
  });

  it('and the session of somebody else does not count', async () => {
    const citizen = citizenWith('valid-arabic');
    await portal.signIn(citizen);
    for (const way of ways()) {
      const parameters = portal.requestParameters({ ...way, prompt: 'none' });
      const answer = await portal.authorize(citizen, parameters);
      expectError(answer, parameters.state, 'login_required');
    }
  });

  it('who is signed in: no page is shown', async () => {
    const citizen = citizenWith('valid');
    await portal.signIn(citizen);
    for (const way of ways()) {
      const { answer, claims } = await portal.signIn(citizen, { ...way, prompt: 'none' });
      expect(answer.pages).to.deep.equal([]);
      expect(claims.sub).to.equal(sub);
    }
  });

  it('with a hint that is no ID token of ours: invalid_request', async () => {
    const parameters = portal.requestParameters({ id_token_hint: `${idToken.slice(0, -8)}AAAAAAAA` });
    expectError(await portal.authorize(citizenWith('valid'), parameters), parameters.state, 'invalid_request');
  });
});
