import { expect } from 'chai';
import { type Challenge, hashOfSecret, newBrowserSecret, newChallengeId } from '../../src/authentication/challenge.ts';
import { issueHandOff, takeHandOff } from '../../src/authentication/hand-off.ts';
import { type Code, EvidenceError, ServiceError } from '../../src/errors.ts';
import { AT } from '../support/authority.ts';
import { memoryHandOffs } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const EXPIRES = new Date(AT.getTime() + 60_000);
const OUTCOME = { outcome: 'refused', code: 'CERT_EXPIRED' };

async function issue() {
  const store = memoryHandOffs();
  const browserSecret = newBrowserSecret();
  const challenge: Challenge = {
    id: newChallengeId(),
    interaction: 'interaction-1',
    browserHash: hashOfSecret(browserSecret),
    clientId: 'passport-renewal',
    expiresAt: EXPIRES,
  };
  const token = await issueHandOff(store, challenge, OUTCOME, EXPIRES);
  const claim = { token, interaction: 'interaction-1', browserSecret: browserSecret as string | undefined };
  const take = (changes: Partial<typeof claim> = {}, at = AT) => takeHandOff(store, { ...claim, ...changes }, at);
  const refuse = (code: Code, changes: Partial<typeof claim> = {}, at = AT) =>
    expectRefusal(() => take(changes, at), EvidenceError, code);
  return { store, token, browserSecret, take, refuse };
}

describe('the hand-off', () => {
  it('carries the outcome to the browser and the interaction that asked', async () => {
    expect(await (await issue()).take()).to.deep.equal(OUTCOME);
  });

  it('once', async () => {
    const { take, refuse } = await issue();
    await take();
    await refuse('HANDOFF_UNKNOWN');
  });

  it('of 20 who ask at once, to one', async () => {
    const { take } = await issue();
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => take()));
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).to.include({ code: 'HANDOFF_UNKNOWN' });
    }
  });

  it('until it expires, not at that moment and not later', async () => {
    expect(await (await issue()).take({}, new Date(EXPIRES.getTime() - 1))).to.deep.equal(OUTCOME);
    await (await issue()).refuse('HANDOFF_EXPIRED', {}, EXPIRES);
    await (await issue()).refuse('HANDOFF_EXPIRED', {}, new Date(EXPIRES.getTime() + 1));
  });

  it('to no other interaction', async () =>
    (await issue()).refuse('HANDOFF_OTHER_INTERACTION', { interaction: 'other' }));
  it('to no other browser', async () =>
    (await issue()).refuse('HANDOFF_OTHER_BROWSER', { browserSecret: newBrowserSecret() }));
  it('to no browser without the cookie', async () => {
    await (await issue()).refuse('HANDOFF_OTHER_BROWSER', { browserSecret: undefined });
    await (await issue()).refuse('HANDOFF_OTHER_BROWSER', { browserSecret: '' });
  });
  it('not for the hash that is stored in place of the cookie', async () => {
    const { store, refuse } = await issue();
    const [stored] = store.stored.values();
    await refuse('HANDOFF_OTHER_BROWSER', { browserSecret: stored?.browserHash });
  });

  for (const [whose, changes, code] of [
    ['the wrong browser', { browserSecret: 'x' }, 'HANDOFF_OTHER_BROWSER'],
    ['the wrong interaction', { interaction: 'x' }, 'HANDOFF_OTHER_INTERACTION'],
  ] as const) {
    it(`is used up by ${whose} too`, async () => {
      const { refuse } = await issue();
      await refuse(code, changes);
      await refuse('HANDOFF_UNKNOWN');
    });
  }

  for (const token of ['', 'x', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}+`, `${'a'.repeat(43)}\n`]) {
    it(`${JSON.stringify(token)} is no token, and the store is not asked`, async () => {
      const { refuse, take } = await issue();
      await refuse('HANDOFF_UNKNOWN', { token });
      await take();
    });
  }
  it('a token that was never issued is unknown', async () =>
    (await issue()).refuse('HANDOFF_UNKNOWN', { token: newBrowserSecret() }));
});

describe('what the store holds of a hand-off', () => {
  it('is neither the token, nor the cookie, nor the outcome', async () => {
    const { store, token, browserSecret } = await issue();
    const [stored] = store.stored.values();
    const kept = Buffer.concat([Buffer.from(JSON.stringify(stored)), stored?.sealed ?? Buffer.alloc(0)]).toString(
      'latin1',
    );
    for (const secret of [token, browserSecret, 'CERT_EXPIRED']) expect(kept).to.not.include(secret);
    expect(stored?.id).to.equal(hashOfSecret(token));
  });

  it('cannot be altered: then it opens for nobody', async () => {
    const { store, take } = await issue();
    const [stored] = store.stored.values();
    if (stored === undefined) throw new TypeError('one hand-off was stored');
    const sealed = Uint8Array.from(stored.sealed);
    sealed[20] = (sealed[20] ?? 0) ^ 1;
    await store.put({ ...stored, sealed });
    await expectRefusal(take, ServiceError, 'SEAL_BROKEN');
  });

  it('cannot be exchanged for another', async () => {
    const [one, other] = [await issue(), await issue()];
    const [mine] = one.store.stored.values();
    const [theirs] = other.store.stored.values();
    if (mine === undefined || theirs === undefined) throw new TypeError('both were stored');
    await one.store.put({ ...mine, sealed: theirs.sealed });
    await expectRefusal(one.take, ServiceError, 'SEAL_BROKEN');
  });
});
