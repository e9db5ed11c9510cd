import { createSecretKey, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { ConfigurationError, ServiceError } from '../../../src/errors.ts';
import { announceKey } from '../../../src/oidc/keys/key-life.ts';
import type { KeyRing } from '../../../src/oidc/keys/key-ring.ts';
import { SealedRing } from '../../../src/oidc/keys/sealed-ring.ts';
import { memoryKeyRing, testAudit } from '../../support/ports.ts';
import { expectRefusal } from '../../support/refusal.ts';

const STORE_KEY = createSecretKey(Buffer.alloc(32, 1));
const OTHER_KEY = createSecretKey(Buffer.alloc(32, 2));
const asking = { by: 'officer', at: new Date('2026-11-02T10:00:00Z') } as const;
const FIRST: KeyRing = {
  keys: [],
  subjectKeyFingerprint: 'fingerprint',
  unrecorded: [{ type: 'subject-key.recorded', fingerprint: 'fingerprint' }],
};
const announce = (kid: string) => (ring: KeyRing) =>
  announceKey(ring, { kid, algorithm: 'ES256', privateJwk: { kty: 'EC', d: 'SECRET' } }, asking);

describe('the sealed key ring', () => {
  const setUp = () => {
    const store = memoryKeyRing();
    const audit = testAudit();
    const types = () => audit.events().map(({ type }) => type);
    return { store, audit, types, ring: new SealedRing({ store, storeKey: STORE_KEY, audit: audit.log }) };
  };

  it('begins once, and goes on with what there is', async () => {
    const { ring, types } = setUp();
    expect(await ring.read()).to.equal(undefined);
    await expectRefusal(() => ring.change(announce('k')), ConfigurationError, 'KEY_NOT_FOUND');
    const begun = await ring.begin(() => FIRST);
    expect(begun.ring).to.deep.equal({ ...FIRST, unrecorded: [] });
    const again = await ring.begin(() => ({ ...FIRST, subjectKeyFingerprint: 'another' }));
    expect(again).to.deep.equal(begun);
    expect(types()).to.deep.equal(['subject-key.recorded']);
  });

  it('records each change, and leaves nothing of a key to be read in the store', async () => {
    const { ring, store, types } = setUp();
    await ring.begin(() => FIRST);
    const { ring: changed } = await ring.change(announce('k'));
    expect(changed.keys.map(({ kid, state }) => [kid, state])).to.deep.equal([['k', 'announced']]);
    expect(types()).to.deep.equal(['subject-key.recorded', 'key.announced']);
    expect(Buffer.from((await store.read())?.sealed ?? []).toString('latin1')).to.not.match(/SECRET|ES256|announced/);
  });

  it('is sealed with another store key, on record, and opens with the former one no more', async () => {
    const { ring, store, audit, types } = setUp();
    const next = new SealedRing({ store, storeKey: OTHER_KEY, audit: audit.log });
    await expectRefusal(() => ring.reseal(next), ConfigurationError, 'KEY_NOT_FOUND');
    await ring.begin(() => FIRST);
    const { ring: before } = await ring.change(announce('k'));
    expect(await ring.reseal(next)).to.equal(true);
    expect(types()).to.deep.equal(['subject-key.recorded', 'key.announced', 'store-key.changed']);
    await expectRefusal(() => ring.read(), ConfigurationError, 'STORE_KEY_CHANGED');
    await expectRefusal(() => ring.change(announce('late')), ConfigurationError, 'STORE_KEY_CHANGED');
    expect((await next.read())?.ring).to.deep.equal(before);
    expect(await ring.reseal(next), 'repeated').to.equal(false);
    expect(types()).to.have.length(3);
    const third = new SealedRing({ store, storeKey: STORE_KEY, audit: audit.log });
    await expectRefusal(() => ring.reseal(third), ConfigurationError, 'STORE_KEY_CHANGED');
  });

  it('is not sealed with another store key over a change that came in between', async () => {
    const { ring, store, audit, types } = setUp();
    await ring.begin(() => FIRST);
    const slow = {
      ...store,
      replace: async (ringOfSlow: Parameters<typeof store.replace>[0]) => {
        await ring.change(announce('winner'));
        return store.replace(ringOfSlow);
      },
    };
    const next = new SealedRing({ store: slow, storeKey: OTHER_KEY, audit: audit.log });
    await expectRefusal(() => ring.reseal(next), ConfigurationError, 'KEY_CHANGED');
    expect((await ring.read())?.ring.keys.map(({ kid }) => kid)).to.deep.equal(['winner']);
    expect(types()).to.not.include('store-key.changed');
  });

  it('whose sealing with another store key broke off before it was on record is recorded when it is next opened', async () => {
    const { ring, store, audit } = setUp();
    await ring.begin(() => FIRST);
    audit.fail();
    const next = new SealedRing({ store, storeKey: OTHER_KEY, audit: audit.log });
    await expectRefusal(() => ring.reseal(next), ServiceError, 'AUDIT_UNAVAILABLE');
    const later = testAudit();
    const ringWith = (storeKey: KeyObject) => new SealedRing({ store, storeKey, audit: later.log });
    expect(await ringWith(STORE_KEY).reseal(ringWith(OTHER_KEY))).to.equal(false);
    expect(later.events()).to.deep.equal([{ type: 'store-key.changed' }]);
  });

  it('lets one of two changes win, and tells the other', async () => {
    const { ring, types } = setUp();
    await ring.begin(() => FIRST);
    await expectRefusal(
      () =>
        ring.change(async (before) => {
          await ring.change(announce('winner'));
          return announce('loser')(before);
        }),
      ConfigurationError,
      'KEY_CHANGED',
    );
    expect((await ring.read())?.ring.keys.map(({ kid }) => kid)).to.deep.equal(['winner']);
    expect(types()).to.deep.equal(['subject-key.recorded', 'key.announced']);
  });

  it('shows no change that is not on record, and finishes one that somebody left', async () => {
    const { ring, store, audit } = setUp();
    await ring.begin(() => FIRST);
    audit.fail();
    await expectRefusal(() => ring.change(announce('k')), ServiceError, 'AUDIT_UNAVAILABLE');
    await expectRefusal(() => ring.read(), ServiceError, 'AUDIT_UNAVAILABLE');
    const restarted = testAudit();
    const next = new SealedRing({ store, storeKey: STORE_KEY, audit: restarted.log });
    expect((await next.read())?.ring).to.have.deep.property('unrecorded', []);
    expect(restarted.events()).to.deep.equal([{ type: 'key.announced', kid: 'k', algorithm: 'ES256', by: 'officer' }]);
  });

  it('opens with its own store key only, whole only, and under its own version only', async () => {
    const { ring, store, audit } = setUp();
    await ring.begin(() => FIRST);
    const refuse = (other: SealedRing) => expectRefusal(() => other.read(), ConfigurationError, 'STORE_KEY_CHANGED');
    await refuse(new SealedRing({ store, storeKey: OTHER_KEY, audit: audit.log }));
    const stored = await store.read();
    if (stored === undefined) throw new TypeError('the ring was begun');
    const altered = Uint8Array.from(stored.sealed, (octet, index) => (index === 20 ? octet ^ 1 : octet));
    for (const fault of [
      { sealed: altered },
      { sealed: stored.sealed.slice(0, 10) },
      { version: stored.version + 1 },
    ]) {
      const faulty = memoryKeyRing({ ...stored, ...fault });
      await refuse(new SealedRing({ store: faulty, storeKey: STORE_KEY, audit: audit.log }));
    }
  });
});
