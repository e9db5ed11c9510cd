import { expect } from 'chai';
import { type ConfigurationCode, ConfigurationError } from '../../../src/errors.ts';
import {
  activateKey,
  announceKey,
  dueSteps,
  publishKey,
  removeKey,
  retireKey,
} from '../../../src/oidc/keys/key-life.ts';
import type { KeyAlgorithm, KeyRing } from '../../../src/oidc/keys/key-ring.ts';
import { expectRefusal } from '../../support/refusal.ts';

const START = Date.parse('2026-11-02T10:00:00.000Z');
const at = (seconds: number): Date => new Date(START + seconds * 1000);
const officer = (seconds: number) => ({ by: 'officer', at: at(seconds) }) as const;
const service = (seconds: number) => ({ by: 'service', at: at(seconds) }) as const;
const DAY = 86_400;
const policy = {
  assertions: { publishSeconds: DAY, retiredSeconds: 4200 },
  cookies: { publishSeconds: 60, retiredSeconds: 900 },
};

const EMPTY: KeyRing = { keys: [], subjectKeyFingerprint: 'fingerprint', unrecorded: [] };
const material = (kid: string, algorithm: KeyAlgorithm = 'ES256') =>
  algorithm === 'HS1'
    ? { kid, algorithm, cookieKey: `${kid} text` }
    : { kid, algorithm, publicJwk: { kty: 'EC', x: kid }, privateJwk: { kty: 'EC', x: kid, d: kid } };

/** `old` signs since the start; `next` is published since then. */
function ringWithNext(): KeyRing {
  const old = activateKey(announceKey(EMPTY, material('old'), officer(0)), 'old', officer(0), { policy, early: true });
  return publishKey(announceKey(old, material('next'), officer(0)), 'next', service(0));
}
const stateOf = (ring: KeyRing, kid: string) => ring.keys.find((key) => key.kid === kid)?.state;
const keyOf = (ring: KeyRing, kid: string) => ring.keys.find((key) => key.kid === kid);
const refuse = (code: ConfigurationCode, action: () => unknown) => expectRefusal(action, ConfigurationError, code);

describe('the life of a key', () => {
  it('goes through announced, published, signing, retired, removed, each with its time and its record', async () => {
    let ring = publishKey(announceKey(EMPTY, material('k'), officer(0)), 'k', service(5));
    ring = activateKey(ring, 'k', officer(5 + DAY), { policy });
    ring = publishKey(announceKey(ring, material('l'), officer(6 + DAY)), 'l', service(7 + DAY));
    ring = activateKey(ring, 'l', officer(7 + 2 * DAY), { policy });
    ring = removeKey(ring, 'k', service(7 + 2 * DAY + 4200), { policy });
    expect(keyOf(ring, 'k')).to.deep.equal({
      kid: 'k',
      algorithm: 'ES256',
      state: 'removed',
      since: {
        announced: at(0).toISOString(),
        published: at(5).toISOString(),
        signing: at(5 + DAY).toISOString(),
        retired: at(7 + 2 * DAY).toISOString(),
        removed: at(7 + 2 * DAY + 4200).toISOString(),
      },
    });
    expect(stateOf(ring, 'l')).to.equal('signing');
    const record = (type: string, kid: string, by: string) => ({ type, kid, algorithm: 'ES256', by });
    expect(ring.unrecorded).to.deep.equal([
      record('key.announced', 'k', 'officer'),
      record('key.published', 'k', 'service'),
      record('key.activated', 'k', 'officer'),
      record('key.announced', 'l', 'officer'),
      record('key.published', 'l', 'service'),
      record('key.retired', 'k', 'officer'),
      record('key.activated', 'l', 'officer'),
      record('key.removed', 'k', 'service'),
    ]);
  });

  it('signs when it has been published for as long as a portal may keep the set, and not one second before', async () => {
    const ring = ringWithNext();
    const error = await refuse('KEY_TOO_EARLY', () => activateKey(ring, 'next', officer(DAY - 1), { policy }));
    expect(error.detail).to.deep.equal({ readyAt: at(DAY).toISOString() });
    const changed = activateKey(ring, 'next', officer(DAY), { policy });
    expect([stateOf(changed, 'old'), stateOf(changed, 'next')]).to.deep.equal(['retired', 'signing']);
    expect(changed.unrecorded.at(-1)).to.not.have.property('early');
  });

  it('signs earlier when an officer says so, and the record tells that it was early', async () => {
    const changed = activateKey(ringWithNext(), 'next', officer(1), { policy, early: true });
    expect(stateOf(changed, 'next')).to.equal('signing');
    expect(changed.unrecorded.at(-1)).to.include({ type: 'key.activated', early: true });
    const unneededFlag = activateKey(ringWithNext(), 'next', officer(DAY), { policy, early: true });
    expect(unneededFlag.unrecorded.at(-1)).to.not.have.property('early');
  });

  it('waits for a running service to publish it, however long ago it was announced', async () => {
    const ring = announceKey(EMPTY, material('k'), officer(0));
    const error = await refuse('KEY_TOO_EARLY', () => activateKey(ring, 'k', officer(100 * DAY), { policy }));
    expect(error.detail).to.deep.equal({});
  });

  it('keeps its private part until it signs no more, and its public part until it is removed', async () => {
    const changed = activateKey(ringWithNext(), 'next', officer(DAY), { policy });
    expect(keyOf(changed, 'next')).to.have.property('privateJwk');
    expect(keyOf(changed, 'old')).to.have.property('publicJwk');
    expect(keyOf(changed, 'old')).to.not.have.property('privateJwk');
  });

  it('of a cookie keeps its text until it is removed: it verifies with what it signs with', async () => {
    let ring = activateKey(announceKey(EMPTY, material('c', 'HS1'), officer(0)), 'c', officer(0), {
      policy,
      early: true,
    });
    ring = publishKey(announceKey(ring, material('d', 'HS1'), officer(0)), 'd', service(0));
    ring = activateKey(ring, 'd', officer(60), { policy });
    expect(keyOf(ring, 'c')).to.include({ state: 'retired', cookieKey: 'c text' });
    await refuse('KEY_TOO_EARLY', () => removeKey(ring, 'c', officer(60 + 899), { policy }));
    expect(keyOf(removeKey(ring, 'c', officer(60 + 900), { policy }), 'c')).to.not.have.property('cookieKey');
  });

  it('leaves the set when the last token that it signed has expired, and not one second before', async () => {
    const ring = activateKey(ringWithNext(), 'next', officer(DAY), { policy });
    const error = await refuse('KEY_TOO_EARLY', () => removeKey(ring, 'old', officer(DAY + 4199), { policy }));
    expect(error.detail).to.deep.equal({ readyAt: at(DAY + 4200).toISOString() });
    expect(stateOf(removeKey(ring, 'old', officer(DAY + 4200), { policy }), 'old')).to.equal('removed');
    const early = removeKey(ring, 'old', officer(DAY + 1), { policy, early: true });
    expect(early.unrecorded.at(-1)).to.include({ type: 'key.removed', kid: 'old', early: true });
  });

  it('that never signed may be withdrawn and leave at once', async () => {
    const ring = retireKey(ringWithNext(), 'next', officer(1));
    expect(stateOf(removeKey(ring, 'next', officer(1), { policy }), 'next')).to.equal('removed');
    expect(stateOf(ring, 'old')).to.equal('signing');
  });

  it('does not end while nothing signs in its place', async () => {
    await refuse('KEY_NEEDED', () => retireKey(ringWithNext(), 'old', officer(1)));
    await refuse('KEY_NEEDED', () => retireKey(ringWithNext(), 'old', officer(1), { last: true }));
    const withPs256 = activateKey(announceKey(ringWithNext(), material('p', 'PS256'), officer(0)), 'p', officer(0), {
      policy,
      early: true,
    });
    await refuse('KEY_NEEDED', () => retireKey(withPs256, 'p', officer(1)));
    expect(stateOf(retireKey(withPs256, 'p', officer(1), { last: true }), 'p')).to.equal('retired');
  });

  it('has one next key for each algorithm', async () => {
    await refuse('KEY_PENDING', () => announceKey(ringWithNext(), material('third'), officer(1)));
    expect(stateOf(announceKey(ringWithNext(), material('third', 'EdDSA'), officer(1)), 'third')).to.equal('announced');
  });

  it('goes forward only, and only for a key that there is', async () => {
    const ring = activateKey(ringWithNext(), 'next', officer(DAY), { policy });
    await refuse('KEY_STATE_REFUSED', () => activateKey(ring, 'old', officer(DAY), { policy, early: true }));
    await refuse('KEY_STATE_REFUSED', () => activateKey(ring, 'next', officer(DAY), { policy, early: true }));
    await refuse('KEY_STATE_REFUSED', () => publishKey(ring, 'next', officer(DAY)));
    await refuse('KEY_STATE_REFUSED', () => retireKey(ring, 'old', officer(DAY)));
    await refuse('KEY_STATE_REFUSED', () => removeKey(ring, 'next', officer(DAY), { policy, early: true }));
    await refuse('KEY_NOT_FOUND', () => activateKey(ring, 'none', officer(DAY), { policy }));
  });

  describe('what a running service does by itself', () => {
    it('is to publish what was announced, and to remove what nothing needs', async () => {
      const announced = announceKey(EMPTY, material('k'), officer(0));
      expect(dueSteps(announced, policy, at(0))).to.deep.equal([{ step: 'publish', kid: 'k' }]);
      const ring = activateKey(ringWithNext(), 'next', officer(DAY), { policy });
      expect(dueSteps(ring, policy, at(DAY + 4199))).to.deep.equal([]);
      expect(dueSteps(ring, policy, at(DAY + 4200))).to.deep.equal([{ step: 'remove', kid: 'old' }]);
      expect(dueSteps(removeKey(ring, 'old', service(DAY + 4200), { policy }), policy, at(100 * DAY))).to.deep.equal(
        [],
      );
    });

    it('is nothing more, unless it is told after how many days a key changes', async () => {
      expect(dueSteps(ringWithNext(), policy, at(10_000 * DAY))).to.deep.equal([]);
    });

    it('is to announce the next key a publication before the change, and to change when both times have come', async () => {
      const rotating = { ...policy, rotateAfterDays: 30 };
      const old = activateKey(announceKey(EMPTY, material('old'), officer(0)), 'old', officer(0), {
        policy,
        early: true,
      });
      expect(dueSteps(old, rotating, at(29 * DAY - 1))).to.deep.equal([]);
      expect(dueSteps(old, rotating, at(29 * DAY))).to.deep.equal([{ step: 'announce', algorithm: 'ES256' }]);
      const late = publishKey(announceKey(old, material('next'), service(29 * DAY)), 'next', service(29 * DAY + 5));
      expect(dueSteps(late, rotating, at(30 * DAY + 4))).to.deep.equal([]);
      expect(dueSteps(late, rotating, at(30 * DAY + 5))).to.deep.equal([{ step: 'activate', kid: 'next' }]);
      const soon = publishKey(announceKey(old, material('next'), officer(0)), 'next', service(0));
      expect(dueSteps(soon, rotating, at(30 * DAY - 1))).to.deep.equal([]);
      expect(dueSteps(soon, rotating, at(30 * DAY))).to.deep.equal([{ step: 'activate', kid: 'next' }]);
    });
  });
});
