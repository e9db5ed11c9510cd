import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { AcceptedDocument } from '../../src/authentication/accepted-document.ts';
import type { CardEvidence } from '../../src/authentication/card-evidence.ts';
import { createCardPresentations } from '../../src/authentication/card-presentation.ts';
import { newChallengeId } from '../../src/authentication/challenge.ts';
import type { PresentationOutcome } from '../../src/authentication/presentation.ts';
import { type Code, EvidenceError, ServiceError } from '../../src/errors.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { acceptedDocument, currentCrls, evidenceOf, revocationSource } from '../support/acceptance.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';
import { memoryChallenges, memoryHandOffs, testAudit, testClock } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();
const good = issueTestCard(authority.issuing);
const revoked = issueTestCard(authority.issuing);
const document = acceptedDocument(authority, {
  revocation: revocationSource(
    ...currentCrls(authority, [{ serialNumber: revoked.serialNumber, reason: 'keyCompromise' }]),
  ),
});
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const CHALLENGE_SECONDS = 300;
const HAND_OFF_SECONDS = 60;

const showGood = (): CardEvidence => evidenceOf(good.certificate);
const showRevoked = (): CardEvidence => evidenceOf(revoked.certificate);
const showNothing = (): CardEvidence => {
  throw new EvidenceError('CARD_NOT_PRESENTED', 'no card');
};

function setUp(documents: () => Promise<readonly AcceptedDocument[]> = async () => [document]) {
  const { clock, advance } = testClock();
  const audit = testAudit(clock);
  const challenges = memoryChallenges();
  const handOffs = memoryHandOffs();
  const unforeseen: unknown[] = [];
  const presentations = createCardPresentations({
    documents,
    audit: audit.log,
    clock,
    accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
    challenges,
    handOffs,
    challengeSeconds: CHALLENGE_SECONDS,
    handOffSeconds: HAND_OFF_SECONDS,
    reportUnforeseen: (error) => unforeseen.push(error),
  });
  const begin = () => presentations.begin('interaction-1', 'passport-renewal');
  /** From the button to the outcome, in the browser that pressed it. */
  async function goThrough(readEvidence: () => CardEvidence): Promise<PresentationOutcome> {
    const { challengeId, browserSecret } = await begin();
    const { interaction, token } = await presentations.present(challengeId, readEvidence);
    return presentations.collect({ interaction, token, browserSecret });
  }
  const types = () => audit.events().map(({ type }) => type);
  return { ...presentations, begin, goThrough, advance, audit, types, challenges, handOffs, unforeseen };
}

describe('a presentation, from the button to the outcome', () => {
  it('of a good card ends with a citizen', async () => {
    const { goThrough, types } = setUp();
    const outcome = await goThrough(showGood);
    expect(outcome).to.have.property('outcome', 'authenticated');
    expect(outcome).to.have.nested.property('citizen.maskedIdentifier', '•••••456');
    expect(types()).to.deep.equal(['citizen.authenticated']);
  });

  for (const [what, show, code] of [
    ['of a revoked card', showRevoked, 'CERT_REVOKED'],
    ['without a card', showNothing, 'CARD_NOT_PRESENTED'],
  ] as const) {
    it(`${what} ends with the code of its refusal, which is on record`, async () => {
      const { goThrough, audit } = setUp();
      expect(await goThrough(show)).to.deep.equal({ outcome: 'refused', code });
      expect(audit.events()).to.have.lengthOf(1);
      expect(audit.events()[0]).to.include({
        type: 'citizen.refused',
        code,
        interaction: 'interaction-1',
        clientId: 'passport-renewal',
      });
    });
  }

  it('begins with another challenge and another cookie each time', async () => {
    const { begin } = setUp();
    const [one, two] = [await begin(), await begin()];
    expect(one.challengeId).to.match(/^[0-9a-f]{64}$/);
    expect(one.challengeId).to.not.equal(two.challengeId);
    expect(one.browserSecret).to.not.equal(two.browserSecret);
  });

  it('does not begin while it cannot be known who is trusted', async () => {
    const { begin, challenges } = setUp(() => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no')));
    await expectRefusal(begin, ServiceError, 'STORE_UNAVAILABLE');
    expect(challenges.stored.size).to.equal(0);
  });

  it('stores of the cookie only its hash', async () => {
    const { begin, challenges } = setUp();
    const { browserSecret } = await begin();
    expect(JSON.stringify([...challenges.stored.values()])).to.not.include(browserSecret);
  });
});

describe('the challenge', () => {
  const refused = async (
    { present, audit }: ReturnType<typeof setUp>,
    code: Code,
    challengeId: string,
    show: () => CardEvidence = showGood,
  ) => {
    const before = audit.events().length;
    await expectRefusal(() => present(challengeId, show), EvidenceError, code);
    expect(audit.events().slice(before)).to.deep.equal([{ type: 'card.refused', code }]);
  };

  it('is taken once', async () => {
    const set = setUp();
    const { challengeId } = await set.begin();
    await set.present(challengeId, showGood);
    await refused(set, 'CHALLENGE_UNKNOWN', challengeId);
  });

  it('is used up by a bad card too', async () => {
    const set = setUp();
    const { challengeId } = await set.begin();
    await set.present(challengeId, showNothing);
    await refused(set, 'CHALLENGE_UNKNOWN', challengeId);
  });

  it('of 20 presentations at once is taken by one', async () => {
    const { begin, present, types } = setUp();
    const { challengeId } = await begin();
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => present(challengeId, showGood)));
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
    expect(types().filter((type) => type === 'card.refused')).to.have.lengthOf(19);
    expect(types().filter((type) => type === 'citizen.authenticated')).to.have.lengthOf(1);
  });

  it('counts until it expires, not at that moment', async () => {
    const inTime = setUp();
    const { challengeId } = await inTime.begin();
    inTime.advance(CHALLENGE_SECONDS * 1000 - 1);
    expect(await inTime.present(challengeId, showGood)).to.have.property('interaction', 'interaction-1');

    const late = setUp();
    const { challengeId: other } = await late.begin();
    late.advance(CHALLENGE_SECONDS * 1000);
    await refused(late, 'CHALLENGE_EXPIRED', other);
  });

  for (const id of [newChallengeId(), '', 'www', 'A'.repeat(64), 'a'.repeat(65)]) {
    it(`${JSON.stringify(id)} is unknown, and no evidence is read for it`, async () => {
      const set = setUp();
      let wasRead = false;
      await refused(set, 'CHALLENGE_UNKNOWN', id, () => {
        wasRead = true;
        return showGood();
      });
      expect(wasRead).to.equal(false);
    });
  }
});

describe('the outcome', () => {
  const present = async () => {
    const set = setUp();
    const { challengeId, browserSecret } = await set.begin();
    const handed = await set.present(challengeId, showGood);
    return { ...set, claim: { ...handed, browserSecret: browserSecret as string | undefined } };
  };

  it('is collected once', async () => {
    const { collect, claim } = await present();
    await collect(claim);
    await expectRefusal(() => collect(claim), EvidenceError, 'HANDOFF_UNKNOWN');
  });

  it('expires with its hand-off', async () => {
    const { collect, claim, advance } = await present();
    advance(HAND_OFF_SECONDS * 1000);
    await expectRefusal(() => collect(claim), EvidenceError, 'HANDOFF_EXPIRED');
  });

  for (const [whose, changes, code] of [
    ['another browser', { browserSecret: 'x' }, 'HANDOFF_OTHER_BROWSER'],
    ['a browser without the cookie', { browserSecret: undefined }, 'HANDOFF_OTHER_BROWSER'],
    ['another interaction', { interaction: 'interaction-2' }, 'HANDOFF_OTHER_INTERACTION'],
    ['nobody who has the token', { token: 'x'.repeat(43) }, 'HANDOFF_UNKNOWN'],
  ] as const) {
    it(`is not for ${whose}; that is on record before the refusal leaves`, async () => {
      const { collect, claim, audit } = await present();
      const changed = { ...claim, ...changes };
      await expectRefusal(() => collect(changed), EvidenceError, code);
      expect(audit.events().at(-1)).to.deep.equal({
        type: 'hand-off.refused',
        code,
        interaction: changed.interaction,
      });
    });
  }
});

describe('when the record cannot be made durable', () => {
  for (const [what, show] of [
    ['a good card', showGood],
    ['a revoked card', showRevoked],
  ] as const) {
    it(`the outcome of ${what} is AUDIT_UNAVAILABLE, never a citizen`, async () => {
      const { begin, present, collect, audit, unforeseen } = setUp();
      const { challengeId, browserSecret } = await begin();
      audit.fail();
      const { interaction, token } = await present(challengeId, show);
      expect(await collect({ interaction, token, browserSecret })).to.deep.equal({
        outcome: 'refused',
        code: 'AUDIT_UNAVAILABLE',
      });
      expect(unforeseen).to.deep.equal([]);
    });
  }

  it('a challenge that is unknown is refused with AUDIT_UNAVAILABLE', async () => {
    const { present, audit } = setUp();
    audit.fail();
    await expectRefusal(() => present(newChallengeId(), showGood), ServiceError, 'AUDIT_UNAVAILABLE');
  });

  it('a hand-off for another browser is refused with AUDIT_UNAVAILABLE, and used up', async () => {
    const { begin, present, collect, audit, handOffs } = setUp();
    const { challengeId } = await begin();
    const handed = await present(challengeId, showGood);
    audit.fail();
    await expectRefusal(() => collect({ ...handed, browserSecret: 'x' }), ServiceError, 'AUDIT_UNAVAILABLE');
    expect(handOffs.stored.size).to.equal(0);
  });
});

describe('what nobody foresaw', () => {
  it('is INTERNAL for everybody else, and told to the operator', async () => {
    const unforeseenError = new RangeError('x');
    const { goThrough, unforeseen, audit } = setUp();
    const outcome = await goThrough(() => {
      throw unforeseenError;
    });
    expect(outcome).to.deep.equal({ outcome: 'refused', code: 'INTERNAL' });
    expect(unforeseen).to.deep.equal([unforeseenError]);
    expect(audit.events()[0]).to.include({ type: 'citizen.refused', code: 'INTERNAL' });
  });
});
