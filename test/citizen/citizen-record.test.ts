import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { createCitizenRecords, type SignedInPerson } from '../../src/citizen/citizen-record.ts';
import { ServiceError } from '../../src/errors.ts';
import { memoryCitizens, testClock } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const SECRET = createSecretKey(Buffer.alloc(32, 1));
const LIFETIME_SECONDS = 900;
const AMINA: SignedInPerson = {
  person: {
    familyName: [{ value: 'El Mansouri' }, { value: 'المنصوري', language: 'ar' }],
    givenName: [{ value: 'Amina' }],
    birthDate: '1990-02-28',
    gender: 'female',
  },
  maskedIdentifier: '•••••456',
};

function setUp(secret = SECRET, store = memoryCitizens()) {
  const { clock, advance } = testClock();
  return { store, advance, records: createCitizenRecords(store, secret, LIFETIME_SECONDS, clock) };
}

describe('what the service keeps of a citizen', () => {
  it('is recalled as it was remembered', async () => {
    const { records } = setUp();
    await records.remember('account-1', AMINA);
    expect(await records.recall('account-1')).to.deep.equal(AMINA);
  });

  it('is nothing of a citizen who was never here', async () => {
    expect(await setUp().records.recall('account-1')).to.equal(undefined);
  });

  it('ends with its lifetime, to the millisecond', async () => {
    const { records, advance } = setUp();
    await records.remember('account-1', AMINA);
    advance(LIFETIME_SECONDS * 1000 - 1);
    expect(await records.recall('account-1')).to.deep.equal(AMINA);
    advance(1);
    expect(await records.recall('account-1')).to.equal(undefined);
  });

  it('is that of the card that was presented last, and lives from then', async () => {
    const { records, advance } = setUp();
    await records.remember('account-1', AMINA);
    advance(LIFETIME_SECONDS * 1000 - 1);
    const renewed: SignedInPerson = { ...AMINA, person: { ...AMINA.person, givenName: [{ value: 'Amīna' }] } };
    await records.remember('account-1', renewed);
    advance(LIFETIME_SECONDS * 1000 - 1);
    expect(await records.recall('account-1')).to.deep.equal(renewed);
  });

  it('is sealed: a copy of the store alone tells nothing', async () => {
    const { records, store } = setUp();
    await records.remember('account-1', AMINA);
    const [kept] = store.stored.values();
    for (const text of ['Amina', '1990-02-28', 'المنصوري', '456']) {
      expect(Buffer.from(kept?.sealed ?? []).includes(text), text).to.equal(false);
    }
  });

  it('does not open with another key', async () => {
    const { records, store } = setUp();
    await records.remember('account-1', AMINA);
    const other = setUp(createSecretKey(Buffer.alloc(32, 2)), store);
    await expectRefusal(() => other.records.recall('account-1'), ServiceError, 'SEAL_BROKEN');
  });

  it('does not open in the place of another citizen', async () => {
    const { records, store } = setUp();
    await records.remember('account-1', AMINA);
    const [kept] = store.stored.values();
    if (kept === undefined) throw new TypeError('one record was stored');
    await store.put({ ...kept, accountId: 'account-2' });
    await expectRefusal(() => records.recall('account-2'), ServiceError, 'SEAL_BROKEN');
  });
});
