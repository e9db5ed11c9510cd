/**
 * S5: extra certificates in the handshake name someone else (CVE-2023-2422). Here: only the certificate whose key was
 * proven names a person.
 */
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createCardPresentations } from '../../src/authentication/card-presentation.ts';
import { addressOfChallenge } from '../../src/authentication/challenge.ts';
import { type CardHolder, cardSubject } from '../../src/demo/authority.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { createCardHost } from '../../src/http/card-host.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { acceptedDocument } from '../support/acceptance.ts';
import { WITHOUT_ADDRESS_LIMITS } from '../support/address-limits.ts';
import { AT, createTestAuthority, HOLDER, issueTestCard, pemOf, type TestCertificate } from '../support/authority.ts';
import { memoryChallenges, memoryHandOffs, testAudit } from '../support/ports.ts';

const ISSUER = 'http://localhost:4000';
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const VICTIM: CardHolder = { ...HOLDER, semanticsIdentifier: 'PNOMA-ZT999999', givenName: 'Karim' };

const authority = createTestAuthority();
const mine = issueTestCard(authority.issuing);
const theirs = issueTestCard(authority.issuing, { subject: cardSubject(VICTIM) });
const stranger = issueTestCard(createTestAuthority().issuing);

/** One handshake that sends `certificates`, the first with its key; what the interaction learns of it. */
async function present(key: TestCertificate, ...certificates: readonly Buffer[]) {
  const audit = testAudit();
  const presentations = createCardPresentations({
    documents: async () => [acceptedDocument(authority)],
    audit: audit.log,
    clock: () => AT,
    accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
    challenges: memoryChallenges(),
    handOffs: memoryHandOffs(),
    challengeSeconds: 300,
    handOffSeconds: 60,
    reportUnforeseen: (error) => expect.fail(String(error)),
  });
  const now = new Date(); // TLS looks at the system's clock, whatever ours says
  const serverKeys = generateKeys();
  const tlsRoot = createTlsRoot(now);
  const server = createCardHost({
    issuer: ISSUER,
    domain: 'card.localhost',
    presentations,
    mode: {
      kind: 'tls',
      credentials: {
        certificate: Buffer.from(pemOf(issueServerCertificate(tlsRoot, serverKeys.publicKey, now))),
        key: Buffer.from(serverKeys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      },
      offeredIssuers: [],
    },
    handshakeSeconds: 10,
    assets: ISSUER,
    log: { info() {}, request() {}, refusal() {}, failure() {} },
    audit: audit.log,
    ...WITHOUT_ADDRESS_LIMITS,
    clock: () => AT,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { challengeId, browserSecret } = await presentations.begin('interaction-1', 'passport-renewal');
    const { label, path } = addressOfChallenge(challengeId);
    const name = `${label}.card.localhost`;
    const outgoing = request({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port, // a TCP server's address is an object
      path,
      servername: name,
      headers: { Host: name },
      agent: false,
      ca: pemOf(tlsRoot.certificate),
      cert: certificates.map((certificate) => pemOf(certificate)).join(''),
      key: key.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    outgoing.end();
    const [answer] = await once(outgoing, 'response');
    answer.resume();
    const token = new URL(answer.headers.location).searchParams.get('hand-off') ?? '';
    const outcome = await presentations.collect({ token, browserSecret, interaction: 'interaction-1' });
    return { outcome, events: audit.events() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('S5: only the certificate whose key was proven names a person', () => {
  const mySelf = accountIdOf({ country: 'MA', register: 'PNO', value: 'ZT123456' }, SUBJECT_KEY);

  it('alone', async () => {
    expect((await present(mine, mine.certificate)).outcome).to.have.nested.property('citizen.accountId', mySelf);
  });

  for (const [what, extra] of Object.entries({
    "somebody else's card": [theirs.certificate],
    "somebody else's card and its issuer": [theirs.certificate, authority.issuing.certificate],
    'its issuer, root included': [authority.issuing.certificate, authority.root.certificate],
  })) {
    it(`beside ${what}`, async () => {
      const { outcome, events } = await present(mine, mine.certificate, ...extra);
      expect(outcome).to.have.nested.property('citizen.accountId', mySelf);
      expect(outcome).to.have.nested.property('citizen.person.givenName[0].value', 'Amina');
      expect(events).to.have.lengthOf(1);
      expect(events[0]).to.include({ type: 'citizen.authenticated', accountId: mySelf });
    });
  }

  it('a card of an unknown issuer stays one beside a good card', async () => {
    const { outcome, events } = await present(stranger, stranger.certificate, theirs.certificate);
    expect(outcome).to.have.property('outcome', 'refused');
    expect(events).to.have.lengthOf(1);
    expect(events[0]).to.have.property('type', 'citizen.refused');
  });
});
