/**
 * A citizen signs in through Web eID, over HTTP, with the token that the extension would make; and what the token, the
 * nonce and the browser may be that it is not.
 */
import { expect } from 'chai';
import { CARD_DEFINITIONS, type CardDefinition, type CardId } from '../../src/demo/card-catalogue.ts';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { findAction } from '../../src/demo/page-reading.ts';
import { signInWithCard } from '../../src/demo/sign-in.ts';
import { signWebEidToken } from '../../src/demo/web-eid-token.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a citizen signs in through Web eID', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  const lastEvent = async () => (await service.auditRecords()).at(-1)?.event;
  const citizen = (): Citizen => new Citizen({ tlsRootPem: service.tlsRootPem });
  const addressOf = (page: PageResponse): URL => {
    const action = findAction(page.body, 'web-eid', page.url);
    if (action === undefined) throw new Error('the page has no form for Web eID');
    return action.url;
  };
  const askChallenge = (begun: Citizen, page: PageResponse, headers: Readonly<Record<string, string>> = {}) =>
    begun.send('POST', new URL(`${addressOf(page)}/challenge`), {
      Accept: 'application/json',
      Origin: page.url.origin,
      ...headers,
    });
  const nonceFor = async (begun: Citizen, page: PageResponse): Promise<string> =>
    JSON.parse((await askChallenge(begun, page)).body).nonce;
  const tokenOf = (nonce: string, id: CardId = 'valid', origin = service.issuer): string =>
    JSON.stringify(signWebEidToken(service.card(id), origin, nonce));
  const present = (begun: Citizen, page: PageResponse, fields: Readonly<Record<string, string>>) =>
    begun.send('POST', addressOf(page), { Origin: page.url.origin }, new URLSearchParams(fields).toString());
  /** At the page that asks for the card, with a nonce. */
  const begin = async () => {
    const begun = citizen();
    const page = await begun.begin(service.portal);
    return { begun, page, nonce: await nonceFor(begun, page) };
  };

  it('and the portal gets the claims of the card', async () => {
    const outcome = await signInWithCard({
      portal: service.portal,
      card: service.card('valid-arabic'),
      by: 'web-eid',
      tlsRootPem: service.tlsRootPem,
    });
    if (!('claims' in outcome)) throw new Error(`refused with ${outcome.code}`);
    expect(outcome.claims).to.include({ given_name: 'Youssef', 'given_name#ar': 'يوسف' });
    const events = (await service.auditRecords()).map(({ event }) => event);
    expect(events.find(({ type }) => type === 'citizen.authenticated')).to.include({ method: 'web-eid' });
  });

  it('and is the same person to the portal as by the certificate way', async () => {
    const by = async (way: 'client-certificate' | 'web-eid') => {
      const { portal, tlsRootPem } = service;
      const outcome = await signInWithCard({ portal, tlsRootPem, card: service.card('valid'), by: way });
      return 'claims' in outcome ? outcome.claims.sub : outcome.code;
    };
    expect(await by('web-eid')).to.equal(await by('client-certificate'));
  });

  for (const card of CARD_DEFINITIONS as readonly (CardDefinition & { id: CardId })[]) {
    if (card.expectedCode === undefined) continue;
    it(`unless the card is "${card.id}": ${card.expectedCode}, on record and on a page with a way to try again`, async () => {
      const { begun, page, nonce } = await begin();
      const refused = await present(begun, page, { nonce, token: tokenOf(nonce, card.id) });
      expect(codeOf(refused)).to.equal(card.expectedCode);
      expect(await lastEvent()).to.include({ type: 'citizen.refused', method: 'web-eid', code: card.expectedCode });
      expect((await begun.press(refused, 'try-again')).body).to.include('data-page="present-card"');
    });
  }

  describe('the challenge', () => {
    it('is 32 octets in base64, with a cookie that the sign-in alone sees', async () => {
      const begun = citizen();
      const page = await begun.begin(service.portal);
      const answer = await askChallenge(begun, page);
      expect(answer.status).to.equal(200);
      expect(answer.headers['cache-control']).to.equal('no-store');
      const { nonce, ...rest } = JSON.parse(answer.body);
      expect(Buffer.from(nonce, 'base64')).to.have.length(32);
      expect(rest).to.deep.equal({});
      const cookie = String(answer.headers['set-cookie']);
      expect(cookie).to.match(/^thiqa_browser=[\w-]{43};/);
      expect(cookie)
        .to.include(`path=${page.url.pathname}`)
        .and.to.match(/httponly/i)
        .and.to.match(/samesite=lax/i);
      expect(cookie).not.to.include(nonce);
    });

    for (const [what, headers] of [
      ['another origin', { Origin: 'https://evil.example' }],
      ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ] as const) {
      it(`is not given to ${what}`, async () => {
        const begun = citizen();
        const answer = await askChallenge(begun, await begun.begin(service.portal), headers);
        expect(answer.status).to.equal(400);
        expect(JSON.parse(answer.body)).to.include({ error_description: 'REQUEST_MALFORMED' });
      });
    }

    it('is not given to a browser that did not begin the sign-in', async () => {
      const page = await citizen().begin(service.portal);
      const answer = await askChallenge(citizen(), page);
      expect(answer.status).to.equal(404);
      expect(JSON.parse(answer.body)).to.include({ error_description: 'INTERACTION_NOT_FOUND' });
    });
  });

  describe('is refused', () => {
    const expectRefused = async (answer: PageResponse, code: string): Promise<void> => {
      expect(redirectOf(answer)).to.equal(undefined);
      expect(answer.status).to.be.within(400, 499);
      expect(codeOf(answer)).to.equal(code);
      expect(answer.body).not.to.match(/\bat .*\.(ts|js):\d+|node_modules|Error:/);
      expect(await lastEvent()).to.include({ code });
    };

    it('with a nonce that was used', async () => {
      const { begun, page, nonce } = await begin();
      const token = tokenOf(nonce, 'revoked');
      await present(begun, page, { nonce, token });
      await expectRefused(await present(begun, page, { nonce, token }), 'CHALLENGE_UNKNOWN');
    });

    it('with a nonce that nobody issued', async () => {
      const { begun, page } = await begin();
      const nonce = Buffer.alloc(32, 1).toString('base64');
      await expectRefused(await present(begun, page, { nonce, token: tokenOf(nonce) }), 'CHALLENGE_UNKNOWN');
    });

    it('with a nonce of another browser, which is used up', async () => {
      const victim = await begin();
      const attacker = await begin();
      const fields = { nonce: victim.nonce, token: tokenOf(victim.nonce) };
      await expectRefused(await present(attacker.begun, attacker.page, fields), 'CHALLENGE_OTHER_INTERACTION');
      await expectRefused(await present(victim.begun, victim.page, fields), 'CHALLENGE_UNKNOWN');
    });

    it('without the cookie that came with the nonce', async () => {
      const { begun, page, nonce } = await begin();
      await askChallenge(begun, page);
      const fields = { nonce, token: tokenOf(nonce) };
      await expectRefused(await present(begun, page, fields), 'CHALLENGE_OTHER_BROWSER');
    });

    it('with a token for another origin', async () => {
      const { begun, page, nonce } = await begin();
      const token = tokenOf(nonce, 'valid', `${service.issuer}/`);
      await expectRefused(await present(begun, page, { nonce, token }), 'WEB_EID_SIGNATURE_INVALID');
    });

    for (const [what, token] of [
      ['that is no JSON', '{'],
      ['of 10,001 characters', 'x'.repeat(10_001)],
      ['that is empty', ''],
    ] as const) {
      it(`with a token ${what}`, async () => {
        const { begun, page, nonce } = await begin();
        await expectRefused(await present(begun, page, { nonce, token }), 'WEB_EID_TOKEN_MALFORMED');
      });
    }

    it('with a form that lacks a field', async () => {
      const { begun, page, nonce } = await begin();
      await expectRefused(await present(begun, page, { nonce }), 'REQUEST_MALFORMED');
      await expectRefused(await present(begun, page, { token: tokenOf(nonce) }), 'REQUEST_MALFORMED');
    });

    it('with a form over 16 kB', async () => {
      const { begun, page, nonce } = await begin();
      const refused = await present(begun, page, { nonce, token: 'x'.repeat(17_000) });
      expect(refused.status).to.equal(413);
      expect(codeOf(refused)).to.equal('REQUEST_TOO_LARGE');
    });

    it('with a form of another origin', async () => {
      const { begun, page, nonce } = await begin();
      const body = new URLSearchParams({ nonce, token: tokenOf(nonce) }).toString();
      const refused = await begun.send('POST', addressOf(page), { Origin: 'https://evil.example' }, body);
      await expectRefused(refused, 'REQUEST_MALFORMED');
    });
  });

  it('in two windows at once, each for itself', async () => {
    const begun = citizen();
    const first = await begun.begin(service.portal);
    const second = await begun.begin(service.portal);
    const nonces = [await nonceFor(begun, first), await nonceFor(begun, second)];
    for (const [index, page] of [first, second].entries()) {
      const nonce = nonces[index] ?? '';
      const answer = await present(begun, page, { nonce, token: tokenOf(nonce) });
      expect(redirectOf(answer)?.pathname).to.equal('/callback');
    }
  });

  it('in the window that asked last, when two show one sign-in', async () => {
    const { begun, page, nonce: earlier } = await begin();
    const later = await nonceFor(begun, page);
    const refused = await present(begun, page, { nonce: earlier, token: tokenOf(earlier) });
    expect(codeOf(refused)).to.equal('CHALLENGE_OTHER_BROWSER');
    const answer = await present(begun, page, { nonce: later, token: tokenOf(later) });
    expect(redirectOf(answer)?.pathname).to.equal('/callback');
  });

  it('no later than five minutes after the nonce', async () => {
    const { begun, page, nonce } = await begin();
    service.advance(301);
    const refused = await present(begun, page, { nonce, token: tokenOf(nonce) });
    expect(codeOf(refused)).to.equal('CHALLENGE_EXPIRED');
  });
});
