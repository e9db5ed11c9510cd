/**
 * S24: TLS resumption keeps yesterday's answer. A card is checked at each sign-in, in a handshake of its own, whatever
 * session the browser has saved; after a sign-out nothing is left that would spare the card.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { systemClock } from '../../src/clock.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { refreshTrust } from '../../src/trust/change-trust.ts';
import { issueTestCrl } from '../support/authority.ts';
import { talk } from '../support/card-connection.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { PORTAL_ORIGIN, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  describe(`S24: a saved ${version} session`, () => {
    let service: TestService;
    let portal: TestRelyingParty;
    before(async () => {
      service = await startTestService();
      portal = await registerRelyingParty(service, { registration: { require_pkce: false } });
    });
    after(() => service.dispose());

    const isPortal = (next: URL): boolean => next.origin === PORTAL_ORIGIN;
    /** A request of the portal, up to the card address. */
    const challenge = async (citizen: Citizen): Promise<URL> => {
      const url = portal.endpoint('authorization');
      url.search = new URLSearchParams(portal.requestParameters()).toString();
      const page = await citizen.follow(await citizen.send('GET', url), isPortal);
      return redirectOf(await citizen.press(page, 'present-card')) ?? expect.fail('no card address was given');
    };
    /** What the citizen sees after the card host has answered. */
    const goOn = (citizen: Citizen, answer: string) => {
      const location = /^location: (.+)$/im.exec(answer)?.[1] ?? expect.fail(answer);
      return citizen.send('GET', new URL(location.trim())).then((page) => citizen.follow(page, isPortal));
    };
    const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const lastEvent = async (): Promise<unknown> => (await service.auditRecords()).at(-1)?.event;

    it('does not spare the card after a sign-out', async () => {
      const one = citizen();
      const first = await talk(service, await challenge(one), { card: service.card('valid'), version });
      await one.follow(await one.press(await goOn(one, first.answer), 'consent'), isPortal);
      const ended = await one.press(await one.send('GET', portal.endpoint('end_session')), 'sign-out');
      expect(codeOf(await one.follow(ended))).to.equal(undefined);
      expect(await lastEvent()).to.include({ type: 'citizen.signed-out', isWhole: true });
      for (const session of [undefined, ...first.sessions]) {
        const { answer } = await talk(service, await challenge(one), { version, ...(session && { session }) });
        expect(codeOf(await goOn(one, answer))).to.equal('CARD_NOT_PRESENTED');
      }
    });

    it('does not spare the check: a card that was revoked in between is refused', async () => {
      const before = await talk(service, await challenge(citizen()), { card: service.card('valid'), version });
      expect(await lastEvent()).to.include({ type: 'citizen.authenticated' });
      await revoke();
      for (const session of [undefined, ...before.sessions]) {
        const one = citizen();
        const { answer } = await talk(service, await challenge(one), {
          card: service.card('valid'),
          version,
          ...(session && { session }),
        });
        expect(await lastEvent()).to.include({ type: 'citizen.refused', code: 'CERT_REVOKED' });
        expect(codeOf(await goOn(one, answer))).to.equal('CERT_REVOKED');
      }
    });

    /** The issuing CA says so, and the running service reads it. */
    async function revoke(): Promise<void> {
      const { cards, issuing } = service.demonstration;
      const card = cards.find(({ id }) => id === 'valid') ?? expect.fail('no such card');
      const ca = readCertificateFile(issuing.certificatePath);
      const privateKey = createPrivateKey(readFileSync(issuing.keyPath));
      const authority = {
        name: Buffer.from(ca.subject.der),
        keys: { privateKey, publicKey: createPublicKey(privateKey) },
        certificate: Buffer.from(ca.der),
      };
      const crl = issueTestCrl(authority, {
        number: Date.now(),
        thisUpdate: new Date(),
        nextUpdate: new Date(Date.now() + 3_600_000),
        revoked: [{ serialNumber: Buffer.from(readCertificateFile(card.certificatePath).serialNumber, 'hex') }],
      });
      writeFileSync(issuing.crlPath, crl);
      const store = await service.openStore();
      await refreshTrust({ trust: store.trust, audit: new AuditLog(store.audit, systemClock) });
      await store.close();
    }
  });
}
