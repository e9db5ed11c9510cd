import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import type { Portal, PortalStore } from '../../src/relying-party/portal.ts';
import { recentPortals } from '../../src/relying-party/recent-portals.ts';
import { memoryPortals, testClock } from '../support/ports.ts';

const PORTAL: Portal = {
  clientId: 'passport-renewal',
  name: { fr: 'Passeport' },
  sector: 'passport.example.ma',
  redirectUris: ['https://passport.example.ma/callback'],
  tokenEndpointAuthMethod: 'private_key_jwt',
  claims: [],
  purpose: { fr: 'Renouveler un passeport' },
  status: 'active',
  registeredAt: new Date('2026-01-01T00:00:00Z'),
};

function setUp() {
  const { clock, advance } = testClock();
  const stored = new Map<string, Portal>();
  let reads = 0;
  let failure: Error | undefined;
  const store: PortalStore = {
    ...memoryPortals(),
    async find(clientId) {
      reads++;
      if (failure !== undefined) throw failure;
      return stored.get(clientId);
    },
  };
  return {
    portals: recentPortals(store, clock),
    advance,
    keep: (portal: Portal) => stored.set(portal.clientId, portal),
    fail: (error: Error | undefined) => {
      failure = error;
    },
    reads: () => reads,
  };
}

describe('portals as they stood a moment ago', () => {
  it('one reading serves all who ask within a tenth of a second, together or one after the other', async () => {
    const { portals, advance, keep, reads } = setUp();
    keep(PORTAL);
    const found = await Promise.all([1, 2, 3].map(() => portals.find('passport-renewal')));
    advance(99);
    found.push(await portals.find('passport-renewal'));
    expect(found).to.deep.equal(Array(4).fill(PORTAL));
    expect(reads()).to.equal(1);
  });

  it('a change counts after that time, and when the clock was set back', async () => {
    for (const milliseconds of [100, -100]) {
      const { portals, advance, keep } = setUp();
      keep(PORTAL);
      await portals.find('passport-renewal');
      keep({ ...PORTAL, status: 'suspended' });
      advance(milliseconds);
      expect(await portals.find('passport-renewal')).to.have.property('status', 'suspended');
    }
  });

  it('a portal that is registered counts at once', async () => {
    const { portals, keep } = setUp();
    expect(await portals.find('passport-renewal')).to.equal(undefined);
    keep(PORTAL);
    expect(await portals.find('passport-renewal')).to.deep.equal(PORTAL);
  });

  it('a failure to read is told to whoever asked, and asked again', async () => {
    const { portals, keep, fail } = setUp();
    keep(PORTAL);
    fail(new ServiceError('STORE_UNAVAILABLE', 'the store is away'));
    await portals.find('passport-renewal').then(
      () => expect.fail('it must reject'),
      (error: unknown) => expect(error).to.have.property('code', 'STORE_UNAVAILABLE'),
    );
    fail(undefined);
    expect(await portals.find('passport-renewal')).to.deep.equal(PORTAL);
  });
});
