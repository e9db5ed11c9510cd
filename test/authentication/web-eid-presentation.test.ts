import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { AcceptedDocument } from '../../src/authentication/accepted-document.ts';
import { newChallengeId } from '../../src/authentication/challenge.ts';
import { createWebEidPresentations } from '../../src/authentication/web-eid-presentation.ts';
import { type Code, ServiceError } from '../../src/errors.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { acceptedDocument, currentCrls, revocationSource, type TestRevocationSource } from '../support/acceptance.ts';
import { createTestAuthority, daysFromAt, issueTestCard } from '../support/authority.ts';
import { memoryChallenges, testAudit, testClock } from '../support/ports.ts';
import { ORIGIN, type WebEidSigning, webEidToken } from '../support/web-eid-token.ts';

const authority = createTestAuthority();
const good = issueTestCard(authority.issuing);
const expired = issueTestCard(authority.issuing, { notAfter: daysFromAt(-1) });
const revoked = issueTestCard(authority.issuing);
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const NONCE_SECONDS = 300;
const PORTAL = 'passport-renewal';

function setUp(documents?: () => Promise<readonly AcceptedDocument[]>) {
  const { clock, advance } = testClock();
  const audit = testAudit(clock);
  const challenges = memoryChallenges();
  const unforeseen: unknown[] = [];
  const revocation = revocationSource(
    ...currentCrls(authority, [{ serialNumber: revoked.serialNumber, reason: 'keyCompromise' }]),
  ) as TestRevocationSource;
  const document = acceptedDocument(authority, { revocation });
  const presentations = createWebEidPresentations({
    documents: documents ?? (async () => [document]),
    audit: audit.log,
    clock,
    accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
    challenges,
    reportUnforeseen: (error) => unforeseen.push(error),
    origin: ORIGIN,
    nonceSeconds: NONCE_SECONDS,
  });
  /** One tab: what its page got, and what it posts once a card has signed. */
  async function openTab(interaction = 'interaction-1') {
    const begun = await presentations.begin(interaction, PORTAL);
    const claim = (card = good, signing: WebEidSigning = {}) => ({
      ...begun,
      interaction,
      token: webEidToken(card, { nonce: begun.nonce, ...signing }),
    });
    return { ...begun, claim };
  }
  const types = () => audit.events().map(({ type }) => type);
  return { ...presentations, openTab, advance, audit, types, challenges, unforeseen, revocation };
}

const refused = (code: Code) => ({ outcome: 'refused', code });

describe('a presentation through Web eID', () => {
  it('of a good card ends with a citizen, and says on record how the card was presented', async () => {
    const { openTab, present, audit } = setUp();
    const outcome = await present((await openTab()).claim());
    expect(outcome).to.have.nested.property('citizen.maskedIdentifier', '•••••456');
    expect(audit.events()).to.have.lengthOf(1);
    expect(audit.events()[0]).to.include({
      type: 'citizen.authenticated',
      method: 'web-eid',
      interaction: 'interaction-1',
      clientId: PORTAL,
    });
  });

  it('is of the same citizen as over TLS: the account is that of the number', async () => {
    const { openTab, present } = setUp();
    const outcome = await present((await openTab()).claim());
    const accountId = accountIdOf({ country: 'MA', register: 'PNO', value: 'ZT123456' }, SUBJECT_KEY);
    expect(outcome).to.have.nested.property('citizen.accountId', accountId);
  });

  it('may send the token as text', async () => {
    const { openTab, present } = setUp();
    const claim = (await openTab()).claim();
    expect(await present({ ...claim, token: JSON.stringify(claim.token) })).to.have.property(
      'outcome',
      'authenticated',
    );
  });

  it('begins with a nonce of 32 random octets in base64, and stores of the cookie only its hash', async () => {
    const { openTab, challenges } = setUp();
    const [one, two] = [await openTab(), await openTab()];
    expect(one.nonce).to.match(/^[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(one.nonce, 'base64')).to.have.lengthOf(32);
    expect(one.nonce).to.not.equal(two.nonce);
    expect(one.browserSecret).to.not.equal(two.browserSecret);
    expect(JSON.stringify([...challenges.stored.values()])).to.not.include(one.browserSecret);
  });
});

describe('the nonce', () => {
  type Set = ReturnType<typeof setUp>;
  type Claim = Parameters<Set['present']>[0];
  /** Refused, on record as such, and nothing of the token is looked at. */
  const refuse = async ({ present, audit }: Set, claim: Claim, code: Code) => {
    const before = audit.events().length;
    expect(await present(claim)).to.deep.equal(refused(code));
    expect(audit.events().slice(before)).to.deep.equal([
      { type: 'card.refused', code, interaction: claim.interaction },
    ]);
  };

  it('is taken once', async () => {
    const set = setUp();
    const claim = (await set.openTab()).claim();
    await set.present(claim);
    await refuse(set, claim, 'CHALLENGE_UNKNOWN');
  });

  it('of 20 presentations at once is taken by one', async () => {
    const { openTab, present, types } = setUp();
    const claim = (await openTab()).claim();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => present(claim)));
    expect(outcomes.filter(({ outcome }) => outcome === 'authenticated')).to.have.lengthOf(1);
    expect(outcomes.filter((outcome) => 'code' in outcome && outcome.code === 'CHALLENGE_UNKNOWN')).to.have.lengthOf(
      19,
    );
    expect(types().filter((type) => type === 'citizen.authenticated')).to.have.lengthOf(1);
    expect(types().filter((type) => type === 'card.refused')).to.have.lengthOf(19);
  });

  for (const [what, token] of Object.entries({
    'a token that is none': null,
    'a token of another card': webEidToken(expired),
    'a signature over another nonce': webEidToken(good),
  })) {
    it(`is used up by ${what}`, async () => {
      const set = setUp();
      const tab = await set.openTab();
      expect(await set.present({ ...tab.claim(), token })).to.have.property('outcome', 'refused');
      await refuse(set, tab.claim(), 'CHALLENGE_UNKNOWN');
    });
  }

  it('counts until it expires, not at that moment: the extension may answer too late', async () => {
    const inTime = setUp();
    const first = (await inTime.openTab()).claim();
    inTime.advance(NONCE_SECONDS * 1000 - 1);
    expect(await inTime.present(first)).to.have.property('outcome', 'authenticated');

    const late = setUp();
    const second = (await late.openTab()).claim();
    late.advance(NONCE_SECONDS * 1000);
    await refuse(late, second, 'CHALLENGE_EXPIRED');
  });

  for (const [whose, changes, code] of [
    ['another browser', { browserSecret: 'x' }, 'CHALLENGE_OTHER_BROWSER'],
    ['a browser without the cookie', { browserSecret: undefined }, 'CHALLENGE_OTHER_BROWSER'],
    ['another interaction', { interaction: 'interaction-2' }, 'CHALLENGE_OTHER_INTERACTION'],
  ] as const) {
    it(`is not for ${whose}, which uses it up`, async () => {
      const set = setUp();
      const tab = await set.openTab();
      await refuse(set, { ...tab.claim(), ...changes }, code);
      await refuse(set, tab.claim(), 'CHALLENGE_UNKNOWN');
    });
  }

  for (const nonce of ['', newChallengeId(), 'A'.repeat(44), `${'A'.repeat(43)}=`, `${'A'.repeat(42)}==`]) {
    it(`${JSON.stringify(nonce)} is unknown`, async () => {
      const set = setUp();
      await refuse(set, { ...(await set.openTab()).claim(), nonce }, 'CHALLENGE_UNKNOWN');
    });
  }

  it('is of one kind: the challenge of a card host is none', async () => {
    const set = setUp();
    const tab = await set.openTab();
    const [challenge] = set.challenges.stored.values();
    const id = newChallengeId();
    if (challenge !== undefined) await set.challenges.put({ ...challenge, id });
    await refuse(set, { ...tab.claim(), nonce: id }, 'CHALLENGE_UNKNOWN');
    expect(set.challenges.stored.has(id), 'left where it is').to.equal(true);
  });
});

describe('two tabs that sign in at once', () => {
  it('each with its own nonce and cookie, both end with a citizen, in any order', async () => {
    const { openTab, present } = setUp();
    const [one, two] = [await openTab('interaction-1'), await openTab('interaction-2')];
    expect(await present(two.claim())).to.have.property('outcome', 'authenticated');
    expect(await present(one.claim())).to.have.property('outcome', 'authenticated');
  });

  it('of one interaction, too: the second begin does not take the nonce of the first', async () => {
    const { openTab, present } = setUp();
    const [one, two] = [await openTab(), await openTab()];
    expect(await present(one.claim())).to.have.property('outcome', 'authenticated');
    expect(await present(two.claim())).to.have.property('outcome', 'authenticated');
  });

  it('the answer of one is none of the other', async () => {
    const { openTab, present } = setUp();
    const [one, two] = [await openTab('interaction-1'), await openTab('interaction-2')];
    expect(await present({ ...two.claim(), nonce: one.nonce })).to.deep.equal(refused('CHALLENGE_OTHER_INTERACTION'));
    expect(await present({ ...two.claim(), token: one.claim().token })).to.deep.equal(
      refused('WEB_EID_SIGNATURE_INVALID'),
    );
  });
});

describe('a bad token is refused with its code, and on record', () => {
  for (const [what, card, signing, code] of [
    ['a wrong origin', good, { origin: 'https://evil.example' }, 'WEB_EID_SIGNATURE_INVALID'],
    ['a trailing slash', good, { origin: `${ORIGIN}/` }, 'WEB_EID_SIGNATURE_INVALID'],
    ['another port', good, { origin: `${ORIGIN}:8443` }, 'WEB_EID_SIGNATURE_INVALID'],
    ['a DER signature', good, { ecdsaForm: 'der' }, 'WEB_EID_SIGNATURE_INVALID'],
    ['an algorithm swapped', good, { members: { algorithm: 'ES384' } }, 'WEB_EID_ALGORITHM_REFUSED'],
    ['the algorithm none', good, { members: { algorithm: 'none' } }, 'WEB_EID_ALGORITHM_REFUSED'],
    ['another format', good, { members: { format: 'web-eid:10.0' } }, 'WEB_EID_FORMAT_REFUSED'],
    ['no certificate', good, { members: { unverifiedCertificate: undefined } }, 'WEB_EID_TOKEN_MALFORMED'],
    ['an expired card', expired, {}, 'CERT_EXPIRED'],
    ['a revoked card', revoked, {}, 'CERT_REVOKED'],
  ] as const) {
    it(`${what}: ${code}`, async () => {
      const { openTab, present, audit, unforeseen } = setUp();
      expect(await present((await openTab()).claim(card, signing))).to.deep.equal(refused(code));
      expect(audit.events()).to.have.lengthOf(1);
      expect(audit.events()[0]).to.include({
        type: 'citizen.refused',
        method: 'web-eid',
        code,
        interaction: 'interaction-1',
        clientId: PORTAL,
      });
      expect(unforeseen).to.deep.equal([]);
    });
  }

  it('possession comes before revocation: without a signature nobody is asked about the card', async () => {
    const { openTab, present, revocation } = setUp();
    const tab = await openTab();
    expect(await present(tab.claim(revoked, { origin: 'https://evil.example' }))).to.deep.equal(
      refused('WEB_EID_SIGNATURE_INVALID'),
    );
    expect(revocation.timesAsked()).to.equal(0);
  });

  it('the path comes before possession: an expired card with a bad signature is expired', async () => {
    const { openTab, present } = setUp();
    const tab = await openTab();
    expect(await present(tab.claim(expired, { origin: 'https://evil.example' }))).to.deep.equal(
      refused('CERT_EXPIRED'),
    );
  });
});

describe('when the service falls short', () => {
  it('the outcome is AUDIT_UNAVAILABLE when it cannot be recorded, never a citizen', async () => {
    const { openTab, present, audit, unforeseen } = setUp();
    const claim = (await openTab()).claim();
    audit.fail();
    expect(await present(claim)).to.deep.equal(refused('AUDIT_UNAVAILABLE'));
    expect(await present(claim), 'a nonce that is unknown').to.deep.equal(refused('AUDIT_UNAVAILABLE'));
    expect(unforeseen).to.deep.equal([]);
  });

  it('the outcome is STORE_UNAVAILABLE when it cannot be known who is trusted', async () => {
    const { openTab, present } = setUp(() => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no')));
    expect(await present((await openTab()).claim())).to.deep.equal(refused('STORE_UNAVAILABLE'));
  });

  it('what nobody foresaw is INTERNAL for everybody else, and told to the operator', async () => {
    const error = new RangeError('x');
    const { openTab, present, unforeseen, audit } = setUp(() => Promise.reject(error));
    expect(await present((await openTab()).claim())).to.deep.equal(refused('INTERNAL'));
    expect(unforeseen).to.deep.equal([error]);
    expect(audit.events()[0]).to.include({ type: 'citizen.refused', method: 'web-eid', code: 'INTERNAL' });
  });
});
