/**
 * The three traps of a TLS server that asks for a card (S24), and the hand-off that leaves it (S25): against the running
 * service, with sockets of our own.
 */

import { expect } from 'chai';
import type { SoftwareCard } from '../../src/demo/page-exchange.ts';
import { talk } from '../support/card-connection.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('the card host', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await startTestService();
  });
  afterEach(() => service.dispose());

  const citizen = (card: SoftwareCard | undefined = service.card('valid')): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card });
  /** A sign-in up to the redirect to a fresh card address. */
  const challenge = async (browser: Citizen): Promise<URL> => {
    const target = redirectOf(await browser.press(await browser.begin(service.portal), 'present-card'));
    if (target === undefined) throw new Error('no card address was given');
    return target;
  };
  /** Up to the redirect that carries the hand-off. */
  const handOff = async (browser: Citizen): Promise<URL> => {
    const target = redirectOf(await browser.send('GET', await challenge(browser)));
    if (target === undefined) throw new Error('no hand-off was given');
    return target;
  };
  const lastRefusal = async (): Promise<unknown> => (await service.auditRecords()).at(-1)?.event;

  describe('proves a key in every handshake', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`signs nobody in on a resumed ${version} session`, async () => {
        const card = service.card('valid');
        const first = await challenge(citizen());
        const { sessions, answer } = await talk(service, first, { card, version });
        expect(answer).to.match(/^HTTP\/1\.1 303 /);
        expect(answer.toLowerCase()).to.include('\r\nconnection: close\r\n');
        const second = await challenge(citizen());
        // Every session that the server offered, without the card: the key cannot be proven again.
        for (const session of [...sessions, undefined]) {
          const target = session === undefined ? second : await challenge(citizen());
          const resumed = await talk(service, target, { version, ...(session && { session }) });
          expect(resumed.answer).to.match(/^HTTP\/1\.1 303 /);
          expect(await lastRefusal()).to.include({ type: 'citizen.refused', code: 'CARD_NOT_PRESENTED' });
        }
      });
    }

    it('answers one request on a connection and closes it', async () => {
      const [one, other] = [await challenge(citizen()), await challenge(citizen())];
      const request = (url: URL): string =>
        `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: keep-alive\r\n\r\n`;
      const { answer } = await talk(service, one, {
        card: service.card('valid'),
        request: request(one) + request(other),
      });
      expect(answer.match(/HTTP\/1\.1 /g)).to.have.length(1);
    });

    it('does not answer a request for another name than that of the handshake', async () => {
      const [one, other] = [await challenge(citizen()), await challenge(citizen())];
      const request = `GET ${other.pathname} HTTP/1.1\r\nHost: ${other.host}\r\n\r\n`;
      const { answer } = await talk(service, one, { card: service.card('valid'), request });
      expect(answer).to.match(/^HTTP\/1\.1 404 /);
    });

    it('closes the connection with every answer, a favicon included', async () => {
      const url = new URL('/favicon.ico', await challenge(citizen()));
      const answer = await citizen().send('GET', url);
      expect(answer.status).to.equal(404);
      expect(answer.headers.connection).to.equal('close');
    });
  });

  describe('uses a label once', () => {
    it('refuses a label that was used, with a page, and records it', async () => {
      const browser = citizen();
      const target = await challenge(browser);
      expect((await browser.send('GET', target)).status).to.equal(303);
      const again = await browser.send('GET', target);
      expect(again.status).to.equal(400);
      expect(codeOf(again)).to.equal('CHALLENGE_UNKNOWN');
      expect(await lastRefusal()).to.include({ type: 'card.refused', code: 'CHALLENGE_UNKNOWN' });
    });

    it('refuses a label that nobody was given', async () => {
      const answer = await citizen().send(
        'GET',
        new URL(`https://${'0'.repeat(32)}.card.localhost:${service.cardPort}/${'0'.repeat(32)}`),
      );
      expect(codeOf(answer)).to.equal('CHALLENGE_UNKNOWN');
    });

    it('is neither answered nor used up by somebody who saw the label alone', async () => {
      const browser = citizen();
      const target = await challenge(browser);
      const guess = new URL(target);
      for (const path of ['/', `/${'0'.repeat(32)}`, '/favicon.ico']) {
        guess.pathname = path;
        expect((await citizen().send('GET', guess)).status).to.be.oneOf([400, 404]);
      }
      expect((await browser.send('GET', target)).status).to.equal(303);
    });

    it('refuses a label that came too late', async () => {
      const browser = citizen();
      const target = await challenge(browser);
      service.advance(300);
      expect(codeOf(await browser.send('GET', target))).to.equal('CHALLENGE_EXPIRED');
    });
  });

  describe('hands the outcome over (S25)', () => {
    it('once: what was refused is not shown again', async () => {
      const browser = citizen(service.card('revoked'));
      const target = await handOff(browser);
      expect(codeOf(await browser.send('GET', target))).to.equal('CERT_REVOKED');
      expect(codeOf(await browser.send('GET', target))).to.equal('HANDOFF_UNKNOWN');
      expect(await lastRefusal()).to.include({ type: 'hand-off.refused', code: 'HANDOFF_UNKNOWN' });
    });

    it('once: to one of those who bring it at the same time, and the sign-in is over with it', async () => {
      const browser = citizen();
      const target = await handOff(browser);
      const cookie = browser.jar.headerFor(target, new Date()) ?? '';
      const bring = () => browser.send('GET', target, { Cookie: cookie });
      const answers = await Promise.all(Array.from({ length: 8 }, bring));
      const refused = answers.filter((answer) => redirectOf(answer) === undefined);
      expect(refused).to.have.length(7);
      for (const answer of refused) expect(codeOf(answer)).to.be.oneOf(['HANDOFF_UNKNOWN', 'INTERACTION_NOT_FOUND']);
      expect(codeOf(await bring())).to.equal('INTERACTION_NOT_FOUND');
    });

    it('and the browser goes on to the portal by the same answer, once the citizen has consented', async () => {
      const browser = citizen();
      const consent = await browser.follow(await browser.send('GET', await handOff(browser)));
      expect(redirectOf(await browser.press(consent, 'consent'))?.pathname).to.equal('/callback');
      const again = citizen();
      const answer = redirectOf(await again.send('GET', await handOff(again)));
      expect(answer?.origin).to.equal(service.portal.origin);
      expect([...(answer?.searchParams.keys() ?? [])]).to.include('code');
    });

    it('within its time', async () => {
      const browser = citizen();
      const target = await handOff(browser);
      service.advance(60);
      expect(codeOf(await browser.send('GET', target))).to.equal('HANDOFF_EXPIRED');
    });

    it('to the sign-in that asked, in the same browser', async () => {
      const browser = citizen();
      const [one, other] = [await handOff(browser), await handOff(browser)];
      const swapped = new URL(one);
      swapped.search = other.search;
      expect(codeOf(await browser.send('GET', swapped))).to.equal('HANDOFF_OTHER_INTERACTION');
    });

    it('to the browser that asked: a citizen lured to the address of another signs nobody in', async () => {
      const attacker = citizen(service.card('valid-arabic'));
      const lure = await challenge(attacker);
      // The victim opens the attacker's card address, card in the reader.
      const victim = citizen();
      const target = redirectOf(await victim.send('GET', lure));
      if (target === undefined) throw new Error('no hand-off was given');
      const atVictim = await victim.follow(await victim.send('GET', target));
      expect(codeOf(atVictim)).to.equal('INTERACTION_NOT_FOUND');
      // The attacker has the cookies of the sign-in, and no token.
      const guess = new URL(target);
      guess.searchParams.set('hand-off', 'A'.repeat(43));
      expect(codeOf(await attacker.send('GET', guess))).to.equal('HANDOFF_UNKNOWN');
    });

    it('not to a browser that has the interaction and lost the cookie of the attempt', async () => {
      const browser = citizen();
      const target = await handOff(browser);
      const cookies = (browser.jar.headerFor(target, new Date()) ?? '')
        .split('; ')
        .filter((pair) => !pair.startsWith('thiqa_browser='));
      const answer = await browser.send('GET', target, { Cookie: cookies.join('; ') });
      expect(codeOf(answer)).to.equal('HANDOFF_OTHER_BROWSER');
    });
  });

  it('leaves the issuer without a request for a certificate: it speaks no TLS here, and has no card page', async () => {
    const answer = await citizen().send('GET', new URL('/', service.issuer));
    expect(answer.status).to.equal(404);
  });
});
