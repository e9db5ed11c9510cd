import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { activateKey, announceKey } from '../../../src/oidc/keys/key-life.ts';
import type { KeyRing } from '../../../src/oidc/keys/key-ring.ts';
import { LiveKeys } from '../../../src/oidc/keys/live-keys.ts';
import { SealedRing } from '../../../src/oidc/keys/sealed-ring.ts';
import { memoryKeyRing, testAudit } from '../../support/ports.ts';
import { thrownBy } from '../../support/refusal.ts';

const AT = new Date('2026-11-02T10:00:00Z');
const asking = { by: 'officer', at: AT } as const;
const policy = {
  assertions: { publishSeconds: 60, retiredSeconds: 60 },
  cookies: { publishSeconds: 60, retiredSeconds: 60 },
};
const signWith = (kid: string) => (ring: KeyRing) =>
  activateKey(announceKey(ring, { kid, algorithm: 'ES256', publicJwk: { kty: 'EC' } }, asking), kid, asking, {
    policy,
    early: true,
  });

describe('the keys of a running process', () => {
  it('that it cannot go on with are met again at the next look, and told again', async () => {
    const storeKey = createSecretKey(Buffer.alloc(32, 1));
    const ring = new SealedRing({ store: memoryKeyRing(), storeKey, audit: testAudit().log });
    const opened = await ring.begin(() => signWith('old')({ keys: [], subjectKeyFingerprint: 'x', unrecorded: [] }));
    const refusal = new TypeError('a provider refuses this set of keys');
    let offered = 0;
    const live = new LiveKeys({
      ring,
      policy,
      clock: () => AT,
      opened,
      onChange() {
        offered += 1;
        if (offered <= 2) throw refusal;
      },
    });
    await ring.change(signWith('new'));
    expect(await thrownBy(() => live.follow())).to.equal(refusal);
    expect(await thrownBy(() => live.follow())).to.equal(refusal);
    expect(live.ring).to.equal(opened.ring);
    await live.follow();
    await live.follow();
    expect(offered).to.equal(3);
  });
});
