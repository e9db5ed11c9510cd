import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { createCitizenRecords, type SignedInCitizen } from '../../src/citizen/citizen-record.ts';
import type { StandingChange } from '../../src/citizen/standing.ts';
import { ServiceError } from '../../src/errors.ts';
import { memoryCitizens, memoryStandings, testClock } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';
import { AMINA, SIGNED_IN_AT } from '../support/signed-in-citizen.ts';

const SECRET = createSecretKey(Buffer.alloc(32, 1));
const LIFETIME_SECONDS = 900;
const SIGN_IN = { accountId: 'account-1', signedInAt: SIGNED_IN_AT };

function setUp(secret = SECRET, store = memoryCitizens()) {
  const { clock, advance } = testClock();
  return { store, advance, records: createCitizenRecords(store, secret, LIFETIME_SECONDS, clock) };
}

describe('what the service keeps of a citizen', () => {
  it('is recalled as it was remembered', async () => {
    const { records } = setUp();
    await records.remember(SIGN_IN, AMINA);
    expect(await records.recall(SIGN_IN)).to.deep.equal(AMINA);
  });

  it('is no more than the record has, whatever comes along', async () => {
    const { records } = setUp();
    await records.remember(SIGN_IN, { ...AMINA, accountId: 'account-1', profile: 'x' } as SignedInCitizen);
    expect(await records.recall(SIGN_IN)).to.deep.equal(AMINA);
  });

  it('is nothing of a citizen who was never here', async () => {
    expect(await setUp().records.recall(SIGN_IN)).to.equal(undefined);
  });

  describe('when an officer ended the sessions of the citizen', () => {
    const recallAfter = async (change: StandingChange) => {
      const standings = memoryStandings();
      const { records } = setUp(SECRET, memoryCitizens(standings));
      await records.remember(SIGN_IN, AMINA);
      await standings.change(SIGN_IN.accountId, change);
      return records.recall(SIGN_IN);
    };

    it('is recalled of a later sign-in', async () => {
      expect(await recallAfter({ notBefore: SIGNED_IN_AT - 1 })).to.deep.equal(AMINA);
    });

    it('is nothing of a sign-in of the same second, or an earlier one', async () => {
      expect(await recallAfter({ notBefore: SIGNED_IN_AT })).to.equal(undefined);
      expect(await recallAfter({ notBefore: SIGNED_IN_AT + 1 })).to.equal(undefined);
    });

    it('is nothing while the citizen is suspended', async () => {
      expect(await recallAfter({ notBefore: SIGNED_IN_AT - 1, isSuspended: true })).to.equal(undefined);
    });
  });

  it('ends with its lifetime, to the millisecond', async () => {
    const { records, advance } = setUp();
    await records.remember(SIGN_IN, AMINA);
    advance(LIFETIME_SECONDS * 1000 - 1);
    expect(await records.recall(SIGN_IN)).to.deep.equal(AMINA);
    advance(1);
    expect(await records.recall(SIGN_IN)).to.equal(undefined);
  });

  it('is of one sign-in: the card that is presented later changes nothing of it', async () => {
    const { records } = setUp();
    await records.remember(SIGN_IN, AMINA);
    const later = { ...SIGN_IN, signedInAt: SIGNED_IN_AT + 1 };
    const renewed: SignedInCitizen = { ...AMINA, person: { ...AMINA.person, givenName: [{ value: 'Amīna' }] } };
    await records.remember(later, renewed);
    expect(await records.recall(SIGN_IN)).to.deep.equal(AMINA);
    expect(await records.recall(later)).to.deep.equal(renewed);
  });

  it('is sealed: a copy of the store alone tells nothing', async () => {
    const { records, store } = setUp();
    await records.remember(SIGN_IN, AMINA);
    const [kept] = store.stored.values();
    for (const text of ['Amina', '1990-02-28', 'المنصوري', '456', 'TH12', 'idcard', 'issuing']) {
      expect(Buffer.from(kept?.sealed ?? []).includes(text), text).to.equal(false);
    }
  });

  it('does not open with another key', async () => {
    const { records, store } = setUp();
    await records.remember(SIGN_IN, AMINA);
    const other = setUp(createSecretKey(Buffer.alloc(32, 2)), store);
    await expectRefusal(() => other.records.recall(SIGN_IN), ServiceError, 'SEAL_BROKEN');
  });

  for (const [what, change] of [
    ['another citizen', { accountId: 'account-2' }],
    ['another sign-in', { signedInAt: SIGNED_IN_AT + 1 }],
  ] as const) {
    it(`does not open in the place of ${what}`, async () => {
      const { records, store } = setUp();
      await records.remember(SIGN_IN, AMINA);
      const [kept] = store.stored.values();
      if (kept === undefined) throw new TypeError('one record was stored');
      await store.put({ ...kept, ...change });
      await expectRefusal(() => records.recall({ ...SIGN_IN, ...change }), ServiceError, 'SEAL_BROKEN');
    });
  }
});
