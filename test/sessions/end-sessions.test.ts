import { expect } from 'chai';
import { OnboardingError } from '../../src/errors.ts';
import {
  type EndedSessions,
  endSessions,
  type SessionOwner,
  type SessionPorts,
} from '../../src/sessions/end-sessions.ts';
import { changeCitizenSuspension, changePortalStatus } from '../../src/sessions/suspend.ts';
import { portal } from '../store/records.ts';
import { memoryNotBefore, memoryPortals, memoryStandings, testAudit, testClock } from '../support/ports.ts';
import { thrownBy } from '../support/refusal.ts';

const START = new Date('2026-11-02T10:00:00.700Z');
const SECOND = Date.parse('2026-11-02T10:00:00Z') / 1000;
const OWNERS: readonly SessionOwner[] = [
  { kind: 'everybody' },
  { kind: 'portal', clientId: 'portal-1' },
  { kind: 'citizen', accountId: 'account-1' },
];

function setUp() {
  const { clock, advance } = testClock(START);
  const audit = testAudit(clock);
  const recordsAtChange: number[] = [];
  const onChange = (): void => void recordsAtChange.push(audit.events().length);
  const portals = memoryPortals(portal('portal-1'), portal('portal-2'));
  const told: EndedSessions[] = [];
  const ports: SessionPorts = {
    notBefore: memoryNotBefore(onChange),
    portals: {
      ...portals,
      change(clientId, change) {
        onChange();
        return portals.change(clientId, change);
      },
    },
    standings: memoryStandings(onChange),
    audit: audit.log,
    clock,
    onEnded: async (ended) => void told.push(ended),
  };
  const marks = async () => ({
    everybody: await ports.notBefore.find(),
    portals: (await portals.list()).map(({ notBefore }) => notBefore),
    citizen: (await ports.standings.find('account-1'))?.notBefore,
  });
  return { ports, audit, advance, recordsAtChange, told, marks };
}

describe('the end of sessions', () => {
  for (const owner of OWNERS) {
    it(`of ${owner.kind}: on record first, then of this second, and told of`, async () => {
      const { ports, audit, recordsAtChange, told, marks } = setUp();
      expect(await endSessions(owner, 'incident', ports)).to.deep.equal({ owner, notBefore: SECOND });
      const { kind, ...named } = owner;
      const notBefore = '2026-11-02T10:00:00.000Z';
      expect(audit.events()).to.deep.equal([{ type: 'sessions.ended', reason: 'incident', notBefore, ...named }]);
      expect(recordsAtChange).to.deep.equal([1]);
      expect(told).to.deep.equal([{ owner, notBefore: SECOND }]);
      expect(await marks()).to.deep.equal({
        everybody: kind === 'everybody' ? SECOND : undefined,
        portals: [kind === 'portal' ? SECOND : undefined, undefined],
        citizen: kind === 'citizen' ? SECOND : undefined,
      });
    });

    it(`of ${owner.kind}: without its record nothing ends`, async () => {
      const { ports, audit, recordsAtChange, told } = setUp();
      audit.fail();
      await thrownBy(() => endSessions(owner, 'incident', ports));
      expect([recordsAtChange, told]).to.deep.equal([[], []]);
    });
  }

  it('of a portal that is unknown is refused, and not on record', async () => {
    const { ports, audit } = setUp();
    for (const attempt of [
      () => endSessions({ kind: 'portal', clientId: 'portal-3' }, 'incident', ports),
      () => changePortalStatus('portal-3', 'suspended', 'incident', ports),
    ]) {
      const error = await thrownBy(attempt);
      expect(error).to.be.instanceOf(OnboardingError).with.property('code', 'PORTAL_UNKNOWN');
    }
    expect(audit.events()).to.deep.equal([]);
  });
});

describe('suspension', () => {
  it('of a portal raises its time, and so does its end; a second time changes nothing', async () => {
    const { ports, audit, advance, recordsAtChange, told } = setUp();
    const change = (status: 'active' | 'suspended') => changePortalStatus('portal-1', status, 'decision', ports);
    expect(await change('active')).to.deep.equal({ isChanged: false });
    expect(await change('suspended')).to.deep.equal({ isChanged: true });
    expect(await ports.portals.find('portal-1')).to.include({ status: 'suspended', notBefore: SECOND });
    advance(5000);
    expect(await change('suspended')).to.deep.equal({ isChanged: false });
    expect(await change('active')).to.deep.equal({ isChanged: true });
    expect(await change('active')).to.deep.equal({ isChanged: false });
    expect(await ports.portals.find('portal-1')).to.include({ status: 'active', notBefore: SECOND + 5 });
    expect(await ports.portals.find('portal-2')).to.deep.equal(portal('portal-2'));
    expect(audit.events().map(({ type }) => type)).to.deep.equal(['portal.suspended', 'portal.resumed']);
    expect(recordsAtChange).to.deep.equal([1, 2]);
    // Again with the second suspension: whoever is told may have died at the first.
    expect(told.map(({ notBefore }) => notBefore)).to.deep.equal([SECOND, SECOND, SECOND + 5]);
  });

  it('of a citizen raises their time, and so does its end; a second time changes nothing', async () => {
    const { ports, audit, advance, recordsAtChange } = setUp();
    const change = (isSuspended: boolean) => changeCitizenSuspension('account-1', isSuspended, 'request', ports);
    expect(await change(false)).to.deep.equal({ isChanged: false });
    expect(await change(true)).to.deep.equal({ isChanged: true });
    expect(await ports.standings.find('account-1')).to.deep.equal({ isSuspended: true, notBefore: SECOND });
    expect(await change(true)).to.deep.equal({ isChanged: false });
    await endSessions({ kind: 'citizen', accountId: 'account-1' }, 'incident', ports);
    expect(await ports.standings.find('account-1')).to.have.property('isSuspended', true);
    advance(5000);
    expect(await change(false)).to.deep.equal({ isChanged: true });
    expect(await ports.standings.find('account-1')).to.deep.equal({ isSuspended: false, notBefore: SECOND + 5 });
    expect(audit.events()).to.deep.include({
      type: 'citizen.suspended',
      accountId: 'account-1',
      reason: 'request',
      notBefore: '2026-11-02T10:00:00.000Z',
    });
    expect(recordsAtChange).to.deep.equal([1, 2, 3]);
  });

  it('without its record changes nothing', async () => {
    const { ports, audit, recordsAtChange } = setUp();
    audit.fail();
    await thrownBy(() => changePortalStatus('portal-1', 'suspended', 'decision', ports));
    await thrownBy(() => changeCitizenSuspension('account-1', true, 'decision', ports));
    expect(recordsAtChange).to.deep.equal([]);
  });
});
