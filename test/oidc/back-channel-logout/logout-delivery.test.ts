import { expect } from 'chai';
import { ServiceError } from '../../../src/errors.ts';
import { LogoutDelivery } from '../../../src/oidc/back-channel-logout/logout-delivery.ts';
import type { LogoutNotice } from '../../../src/oidc/back-channel-logout/logout-notice.ts';
import { createNotifyPortals } from '../../../src/oidc/back-channel-logout/session-participants.ts';
import { participant } from '../../store/records.ts';
import { AT } from '../../support/authority.ts';
import { memoryLogoutNotices, testAudit, testClock } from '../../support/ports.ts';

const unreachable = (): ServiceError => new ServiceError('FETCH_TIMEOUT', 'the answer did not come in time');

function queue(send: (notice: LogoutNotice) => Promise<void>) {
  const notices = memoryLogoutNotices();
  const { clock, advance } = testClock(AT);
  const audit = testAudit(clock);
  const reported: unknown[] = [];
  const delivery = new LogoutDelivery({
    notices,
    send,
    audit: audit.log,
    clock,
    noticeSeconds: 3600,
    report: (error) => void reported.push(error),
    chance: () => 0.5,
  });
  return {
    notices,
    audit,
    delivery,
    reported,
    advance: (seconds: number) => advance(seconds * 1000),
    async end(sid: string, clientId = 'portal-1') {
      await notices.put({ ...participant(sid), clientId, expiresAt: new Date(AT.getTime() + 900_000) });
      await createNotifyPortals(notices, clock, () => delivery.wake())({ sessionUid: `session of ${sid}` });
    },
    /** All that is due was tried. */
    async settled() {
      delivery.wake();
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    },
  };
}

describe('the delivery of logout notices', () => {
  it('puts a delivered one on record, and out of the queue', async () => {
    const sent: string[] = [];
    const { end, settled, audit, notices } = queue(async ({ sid }) => void sent.push(sid));
    await end('one');
    await settled();
    expect(sent).to.deep.equal(['one']);
    expect(audit.events()).to.deep.equal([
      { type: 'portal.notified', clientId: 'portal-1', accountId: 'account-1', attempts: 1 },
    ]);
    expect(notices.stored.size).to.equal(0);
  });

  it('tries one that failed when it is due again, and not before', async () => {
    let attempts = 0;
    const { end, settled, advance, audit } = queue(async () => {
      attempts++;
      if (attempts < 3) throw unreachable();
    });
    await end('one');
    for (const [seconds, expected] of [
      [4, 1],
      [1, 2],
      [9, 2],
      [1, 3],
    ] as const) {
      await settled();
      advance(seconds);
      await settled();
      expect(attempts).to.equal(expected);
    }
    expect(audit.events()).to.have.nested.property('[0].attempts', 3);
  });

  it('gives one up when its time is over, on record with the reason', async () => {
    const { end, settled, advance, audit, notices } = queue(() => Promise.reject(unreachable()));
    await end('one');
    for (let hour = 0; hour < 12; hour++) {
      await settled();
      advance(600);
    }
    expect(audit.events()).to.have.length(1);
    expect(audit.events()[0]).to.include({ type: 'portal.not-notified', code: 'FETCH_TIMEOUT' });
    expect(notices.stored.size).to.equal(0);
  });

  it('tries one whose time was over while nobody ran, once', async () => {
    const { notices, settled, advance, audit } = queue(() => Promise.reject(unreachable()));
    await notices.put({ ...participant('one'), expiresAt: new Date(AT.getTime() + 900_000) });
    await notices.end({ sessionUid: 'session of one' }, AT);
    advance(7200);
    await settled();
    expect(audit.events()).to.have.length(1);
    expect(audit.events()[0]).to.include({ type: 'portal.not-notified', attempts: 1 });
  });

  it('keeps one that cannot be put on record', async () => {
    const { end, settled, audit, notices, reported } = queue(async () => undefined);
    audit.fail();
    await end('one');
    await settled();
    expect(notices.stored.size).to.equal(1);
    expect(reported).to.have.length(1);
  });

  it('has four under way for a portal, and others meanwhile', async () => {
    const sent: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { end, settled, delivery } = queue(async ({ sid, clientId }) => {
      sent.push(sid);
      if (clientId === 'slow') await released;
    });
    for (const sid of ['a', 'b', 'c', 'd', 'e']) await end(sid, 'slow');
    await end('other', 'portal-2');
    await settled();
    expect(sent).to.deep.equal(['a', 'b', 'c', 'd', 'other']);
    release();
    await settled();
    expect(sent).to.include('e');
    await delivery.stop();
  });

  it('leaves a portal that cannot be reached alone for a moment, with whatever waits for it', async () => {
    const sent: string[] = [];
    const { notices, settled, advance } = queue(async ({ sid }) => {
      sent.push(sid);
      throw unreachable();
    });
    for (const sid of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await notices.put({ ...participant(sid), expiresAt: new Date(AT.getTime() + 900_000) });
    }
    await notices.end({ clientId: 'portal-1' }, AT);
    await settled();
    const first = sent.length;
    expect(first).to.be.below(6);
    await settled();
    expect(sent).to.have.length(first);
    advance(5);
    await settled();
    expect(sent.length).to.be.above(first);
  });

  it('takes nothing after a stop, and lets end what is under way', async () => {
    const sent: string[] = [];
    let release: () => void = () => undefined;
    const { end, delivery, notices } = queue(async ({ sid }) => {
      sent.push(sid);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await end('one');
    await new Promise(setImmediate);
    const stopped = delivery.stop();
    await end('two');
    release();
    await stopped;
    expect(sent).to.deep.equal(['one']);
    expect([...notices.stored.keys()]).to.deep.equal(['two']);
  });
});
