/**
 * What every store owes to the domain, whatever it is made of.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { linkRecord } from '../../src/audit/hash-chain.ts';
import { ServiceError } from '../../src/errors.ts';
import type { ProtocolRecord } from '../../src/oidc/protocol-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Won } from './contender.ts';
import { STORE_FACTORIES, type StoreFactory } from './factories.ts';
import {
  auditEvent,
  BEFORE_EXPIRY,
  challenge,
  code,
  EXPIRY,
  handOff,
  NOW,
  participant,
  portal,
  trustEntry,
} from './records.ts';

const PARALLEL = 20;

for (const factory of STORE_FACTORIES) storeContract(factory);

function storeContract(factory: StoreFactory): void {
  if (factory.needs !== undefined) {
    describe('Store contract', () => {
      it(`${factory.name} needs ${factory.needs}`); // pending, by name
    });
    return;
  }
  describe(`Store contract: ${factory.name}`, () => {
    let place: string;
    let store: Store;
    let other: Store;

    beforeEach(async () => {
      place = await factory.newPlace();
      store = await factory.open(place);
      other = await factory.open(place);
    });

    afterEach(async () => {
      await store.close();
      await other.close();
      await factory.discard(place);
    });

    async function restart(): Promise<void> {
      await store.close();
      await other.close();
      store = await factory.open(place);
      other = await factory.open(place);
    }

    /** Half of the attempts on each of two handles. */
    function inParallel<T>(attempt: (handle: Store) => Promise<T>): Promise<T[]> {
      return Promise.all(Array.from({ length: PARALLEL }, (_, number) => attempt(number % 2 === 0 ? store : other)));
    }

    describe('counters of rate limits', () => {
      const add = (handle: Store, key: string, at = NOW) => handle.rateLimits.add(key, 1, at, EXPIRY);

      it('count every addition once, however many come at once', async () => {
        const counts = await inParallel((handle) => add(handle, 'address'));
        expect(counts.map(({ points }) => points).sort((a, b) => a - b)).to.deep.equal(
          Array.from({ length: PARALLEL }, (_, index) => index + 1),
        );
      });

      it('are one for each key, and keep the end that they began with', async () => {
        await add(store, 'one');
        const later = new Date(EXPIRY.getTime() + 1);
        expect(await other.rateLimits.add('one', 2, NOW, later)).to.deep.equal({ points: 3, expiresAt: EXPIRY });
        expect(await other.rateLimits.add('another', 2, NOW, later)).to.deep.equal({ points: 2, expiresAt: later });
      });

      it('begin again when their window has ended, before anything has swept them', async () => {
        await add(store, 'one');
        expect(await add(other, 'one', BEFORE_EXPIRY)).to.have.property('points', 2);
        const next = new Date(EXPIRY.getTime() + 60_000);
        expect(await other.rateLimits.add('one', 1, EXPIRY, next)).to.deep.equal({ points: 1, expiresAt: next });
      });

      it('are swept when their window has ended', async () => {
        await add(store, 'one');
        expect(await store.sweep(BEFORE_EXPIRY)).to.equal(0);
        expect(await store.sweep(EXPIRY)).to.equal(1);
      });
    });

    describe('notices of logout', () => {
      const UNTIL = new Date(NOW.getTime() + 30_000);
      const take = (handle: Store, at = NOW, busy: readonly string[] = []) =>
        handle.logoutNotices.take(at, UNTIL, busy);
      const ended = async (sid: string, changes = {}, at = NOW): Promise<void> => {
        const one = { ...participant(sid), ...changes };
        await store.logoutNotices.put(one);
        await store.logoutNotices.end({ sessionUid: one.sessionUid, clientId: one.clientId }, at);
      };
      const taken = async (sid: string) => {
        await ended(sid);
        const notice = await take(store);
        if (notice === undefined) throw new Error('nothing is due');
        return notice;
      };

      it('are none while the session lasts, and due at once when it ends', async () => {
        await store.logoutNotices.put(participant('one'));
        expect(await take(store)).to.equal(undefined);
        expect(await other.logoutNotices.backlog()).to.deep.equal([]);
        expect(await other.logoutNotices.end({ sessionUid: 'session of one' }, NOW)).to.equal(1);
        const { expiresAt: _, ...rest } = participant('one');
        expect(await take(store)).to.deep.equal({ ...rest, endedAt: NOW, attempts: 1 });
      });

      it('come of a whole session, or of its part at a portal, each once', async () => {
        const session = { sessionUid: 'one session' };
        for (const clientId of ['portal-1', 'portal-2', 'portal-3']) {
          await store.logoutNotices.put({ ...participant(`at ${clientId}`), ...session, clientId });
        }
        await store.logoutNotices.put(participant('another'));
        expect(await store.logoutNotices.end({ ...session, clientId: 'portal-2' }, NOW)).to.equal(1);
        expect(await store.logoutNotices.end({ ...session, clientId: 'portal-2' }, NOW)).to.equal(0);
        expect(await store.logoutNotices.end(session, NOW)).to.equal(2);
        expect(await store.logoutNotices.end(session, NOW)).to.equal(0);
      });

      it('come of all sessions of a citizen, or at a portal', async () => {
        await store.logoutNotices.put(participant('a'));
        await store.logoutNotices.put({ ...participant('b'), clientId: 'portal-2' });
        await store.logoutNotices.put({ ...participant('c'), accountId: 'account-2', clientId: 'portal-2' });
        await store.logoutNotices.put({ ...participant('d'), accountId: 'account-2', clientId: 'portal-3' });
        expect(await store.logoutNotices.end({ accountId: 'account-1' }, NOW)).to.equal(2);
        expect(await store.logoutNotices.end({ clientId: 'portal-2' }, NOW)).to.equal(1);
        expect(await store.logoutNotices.end({ clientId: 'portal-3' }, NOW)).to.equal(1);
      });

      it('come of everybody, whatever the session', async () => {
        await store.logoutNotices.put(participant('a'));
        await store.logoutNotices.put({ sid: 'b', sessionUid: 's', clientId: 'p', accountId: 'c', expiresAt: EXPIRY });
        await store.logoutNotices.put({ ...participant('over'), expiresAt: NOW });
        expect(await store.logoutNotices.end({ everybody: true }, NOW)).to.equal(2);
      });

      it('come of no session that has run out, which is swept', async () => {
        await store.logoutNotices.put(participant('one'));
        expect(await store.logoutNotices.end({ sessionUid: 'session of one' }, EXPIRY)).to.equal(0);
        expect(await store.sweep(BEFORE_EXPIRY)).to.equal(0);
        expect(await store.sweep(EXPIRY)).to.equal(1);
      });

      it('of a session that was prolonged come until its later end', async () => {
        await store.logoutNotices.put(participant('one'));
        await other.logoutNotices.put({ ...participant('one'), expiresAt: new Date(EXPIRY.getTime() + 1) });
        expect(await store.logoutNotices.end({ sessionUid: 'session of one' }, EXPIRY)).to.equal(1);
      });

      it('come of all portals of a session that was prolonged as a whole, and of no other', async () => {
        const session = { sessionUid: 'one session' };
        await ended('told', session);
        for (const sid of ['a', 'b']) await store.logoutNotices.put({ ...participant(sid), ...session });
        await store.logoutNotices.put(participant('another'));
        await other.logoutNotices.prolong('one session', new Date(EXPIRY.getTime() + 1));
        expect(await store.sweep(EXPIRY)).to.equal(1);
        expect(await store.logoutNotices.end(session, EXPIRY)).to.equal(2);
      });

      it('stay what they are when the participant is put again, and are never swept', async () => {
        await ended('one');
        await other.logoutNotices.put(participant('one'));
        expect(await store.sweep(new Date('2126-11-02T10:00:00Z'))).to.equal(0);
        expect(await take(store)).to.have.property('sid', 'one');
      });

      it('are taken by one of any number of callers', async () => {
        await ended('one');
        const won = (await inParallel((handle) => take(handle))).filter((notice) => notice !== undefined);
        expect(won).to.have.length(1);
      });

      it('that nobody settled are due again when their time is over, after a restart too', async () => {
        await taken('one');
        await restart();
        expect(await take(store, new Date(UNTIL.getTime() - 1))).to.equal(undefined);
        expect(await take(store, UNTIL)).to.include({ sid: 'one', attempts: 2 });
      });

      it('are taken in the order of their ends, and of no portal that is busy', async () => {
        const earlier = new Date(NOW.getTime() - 1000);
        await ended('second', { clientId: 'portal-2' });
        await ended('first', {}, earlier);
        expect(await take(store, NOW, ['portal-1', 'portal-2'])).to.equal(undefined);
        expect(await take(store, NOW, ['portal-1'])).to.have.property('sid', 'second');
        expect(await take(store)).to.have.property('sid', 'first');
      });

      it('are gone when their holder is done, or due again when it says', async () => {
        await store.logoutNotices.settle(await taken('one'));
        expect(await store.logoutNotices.backlog()).to.deep.equal([]);
        const retryAt = new Date(UNTIL.getTime() + 5000);
        await store.logoutNotices.settle(await taken('two'), retryAt);
        expect(await take(other, UNTIL)).to.equal(undefined);
        expect(await take(other, retryAt)).to.include({ sid: 'two', attempts: 2 });
      });

      it('are not settled by a holder whose time was over', async () => {
        const late = await taken('one');
        const holder = await take(other, UNTIL);
        await store.logoutNotices.settle(late);
        await store.logoutNotices.settle(late, NOW);
        expect(await store.logoutNotices.backlog()).to.have.length(1);
        expect(await take(store)).to.equal(undefined);
        if (holder !== undefined) await store.logoutNotices.settle(holder);
        expect(await store.logoutNotices.backlog()).to.deep.equal([]);
      });

      it('of a portal that does not answer are postponed, those of another are not', async () => {
        await store.logoutNotices.put(participant('running'));
        await ended('one');
        await ended('two', { clientId: 'portal-2' });
        await store.logoutNotices.postpone('portal-1', UNTIL);
        await store.logoutNotices.postpone('portal-1', NOW);
        expect(await take(other)).to.have.property('sid', 'two');
        expect(await take(other)).to.equal(undefined);
        expect(await take(other, UNTIL)).to.have.property('sid');
        expect(await store.logoutNotices.end({ sessionUid: 'session of running' }, NOW)).to.equal(1);
      });

      it('that wait are told by portal, the oldest first', async () => {
        const earlier = new Date(NOW.getTime() - 1000);
        await ended('one');
        await ended('two', { clientId: 'portal-2' }, earlier);
        await ended('three', { clientId: 'portal-2' });
        expect(await other.logoutNotices.backlog()).to.deep.equal([
          { clientId: 'portal-2', waiting: 2, since: earlier },
          { clientId: 'portal-1', waiting: 1, since: NOW },
        ]);
      });
    });

    describe('protocol records', () => {
      it('come back as they were put, after a restart too', async () => {
        const record: ProtocolRecord = { ...code('code-1'), uid: 'uid-1', userCode: 'USER-CODE' };
        await store.protocol.put(record);
        expect(await other.protocol.find(record.model, { id: 'code-1' }, NOW)).to.deep.equal(record);
        await restart();
        expect(await store.protocol.find(record.model, { id: 'code-1' }, NOW)).to.deep.equal(record);
      });

      it('without an expiry, a grant, a uid and a user code come back without them, and never expire', async () => {
        const record: ProtocolRecord = { model: 'Client', id: 'bare', payload: {} };
        await store.protocol.put(record);
        const centuryLater = new Date('2126-11-02T10:00:00Z');
        expect(await store.protocol.find('Client', { id: 'bare' }, centuryLater)).to.deep.equal(record);
      });

      it('are found by uid and by user code, within their model only', async () => {
        await store.protocol.put({ ...code('session-1'), model: 'Session', uid: 'same' });
        await store.protocol.put({ ...code('device-1'), model: 'DeviceCode', userCode: 'same' });
        expect(await store.protocol.find('Session', { uid: 'same' }, NOW)).to.have.property('id', 'session-1');
        expect(await store.protocol.find('DeviceCode', { userCode: 'same' }, NOW)).to.have.property('id', 'device-1');
        expect(await store.protocol.find('DeviceCode', { uid: 'same' }, NOW)).to.equal(undefined);
        expect(await store.protocol.find('Session', { userCode: 'same' }, NOW)).to.equal(undefined);
        expect(await store.protocol.find('Session', { id: 'device-1' }, NOW)).to.equal(undefined);
      });

      it('found by a uid that two of them have are the one put last: a session that changes its id', async () => {
        await store.protocol.put({ ...code('z-old'), model: 'Session', uid: 'uid-1' });
        await store.protocol.put({ ...code('a-new'), model: 'Session', uid: 'uid-1' });
        expect(await store.protocol.find('Session', { uid: 'uid-1' }, NOW)).to.have.property('id', 'a-new');
      });

      it('are replaced whole by put', async () => {
        await store.protocol.put({ ...code('code-1'), uid: 'uid-1' });
        const replacement: ProtocolRecord = { model: 'AuthorizationCode', id: 'code-1', payload: { scope: 'other' } };
        await store.protocol.put(replacement);
        expect(await store.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.deep.equal(replacement);
        expect(await store.protocol.find('AuthorizationCode', { uid: 'uid-1' }, NOW)).to.equal(undefined);
      });

      it('are absent from the instant of their expiry, before any sweep', async () => {
        await store.protocol.put({ ...code('code-1'), uid: 'uid-1', userCode: 'USER' });
        for (const key of [{ id: 'code-1' }, { uid: 'uid-1' }, { userCode: 'USER' }]) {
          expect(await store.protocol.find('AuthorizationCode', key, BEFORE_EXPIRY)).to.have.property('id', 'code-1');
          expect(await store.protocol.find('AuthorizationCode', key, EXPIRY)).to.equal(undefined);
        }
      });

      it('are removed by id, or by grant within their model', async () => {
        await store.protocol.put(code('code-1'));
        await store.protocol.put(code('code-2'));
        await store.protocol.put({ ...code('code-3'), grantId: 'grant-2' });
        await store.protocol.put({ ...code('token-1'), model: 'AccessToken' });
        await store.protocol.remove('AuthorizationCode', { grantId: 'grant-1' });
        await store.protocol.remove('AuthorizationCode', { id: 'never-put' });
        const found = async (model: string, id: string) => (await store.protocol.find(model, { id }, NOW))?.id;
        expect(await found('AuthorizationCode', 'code-1')).to.equal(undefined);
        expect(await found('AuthorizationCode', 'code-2')).to.equal(undefined);
        expect(await found('AuthorizationCode', 'code-3')).to.equal('code-3');
        expect(await found('AccessToken', 'token-1')).to.equal('token-1');
        await store.protocol.remove('AuthorizationCode', { id: 'code-3' });
        expect(await found('AuthorizationCode', 'code-3')).to.equal(undefined);
      });

      it('that were removed are new when they are put again', async () => {
        await store.protocol.put({ ...code('code-1'), uid: 'uid-1' });
        await store.protocol.consume('AuthorizationCode', 'code-1', NOW);
        await other.protocol.remove('AuthorizationCode', { id: 'code-1' });
        expect(await store.protocol.find('AuthorizationCode', { uid: 'uid-1' }, NOW)).to.equal(undefined);
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(false);
        const { expiresAt: _, ...lasting } = code('code-1');
        await store.protocol.put(lasting);
        expect(await other.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.deep.equal(lasting);
      });

      it('keep payloads of a megabyte, Arabic names and texts, and odd member names', async () => {
        const payload = {
          الاسم: 'فاطمة الزهراء',
          'a.b$c': { $set: [null, true, 1.5, '\u0000', '"; DROP TABLE protocol; --'] },
          large: 'ⵣ'.repeat(1024 * 1024),
        };
        await store.protocol.put({ ...code('code-1'), id: 'معرف', payload });
        const found = await other.protocol.find('AuthorizationCode', { id: 'معرف' }, NOW);
        expect(found?.payload).to.deep.equal(payload);
      });
    });

    describe('single use', () => {
      it('add: of parallel calls with one id, one wins, and nothing is replaced', async () => {
        const wins = await inParallel((handle) => handle.protocol.add({ ...code('code-1'), expiresAt: EXPIRY }));
        expect(wins.filter(Boolean)).to.have.length(1);
        await restart();
        expect(await store.protocol.add({ ...code('code-1'), payload: { other: true } })).to.equal(false);
        const found = await store.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW);
        expect(found?.payload).to.deep.equal(code('code-1').payload);
        expect(await store.protocol.find('AuthorizationCode', { id: 'code-1' }, EXPIRY)).to.equal(undefined);
        expect(await store.protocol.add(code('code-2'))).to.equal(true);
        expect(await store.protocol.add({ ...code('code-1'), model: 'RefreshToken' })).to.equal(true);
      });

      it('consume: of parallel calls on one record, one wins', async () => {
        await store.protocol.put(code('code-1'));
        const wins = await inParallel((handle) => handle.protocol.consume('AuthorizationCode', 'code-1', NOW));
        expect(wins.filter(Boolean)).to.have.length(1);
      });

      it('consume: the record comes back with the time of its use in epoch seconds, after a restart too', async () => {
        await store.protocol.put(code('code-1'));
        await store.protocol.consume('AuthorizationCode', 'code-1', NOW);
        await restart();
        const found = await store.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW);
        const consumed = Math.floor(NOW.getTime() / 1000);
        expect(found?.payload).to.deep.equal({ ...code('code-1').payload, consumed });
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(false);
      });

      it('consume: nobody wins a record that is unknown, of another model, or expired', async () => {
        await store.protocol.put(code('code-1'));
        expect(await store.protocol.consume('AuthorizationCode', 'code-2', NOW)).to.equal(false);
        expect(await store.protocol.consume('RefreshToken', 'code-1', NOW)).to.equal(false);
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', EXPIRY)).to.equal(false);
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', BEFORE_EXPIRY)).to.equal(true);
      });

      it('consume: whoever is too early leaves nothing there', async () => {
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(false);
        expect(await other.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.equal(undefined);
        await store.protocol.put(code('code-1'));
        expect(await other.protocol.find('AuthorizationCode', { id: 'code-1' }, NOW)).to.deep.equal(code('code-1'));
        expect(await other.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(true);
      });

      it('consume and take: of many records at once, each has its one winner', async () => {
        const ids = Array.from({ length: 10 }, (_, number) => `record-${number}`);
        for (const id of ids) {
          await store.protocol.put(code(id));
          await store.challenges.put(challenge(id));
          await store.handOffs.put(handOff(id));
        }
        const won = await inParallel(({ protocol, challenges, handOffs }) =>
          Promise.all(
            ids.map(async (id) =>
              Promise.all([
                protocol.consume('AuthorizationCode', id, NOW),
                challenges.take(id).then((taken) => taken?.id === id),
                handOffs.take(id).then((taken) => taken?.id === id),
              ]),
            ),
          ),
        );
        const counts = ids.map((_, place) => [0, 1, 2].map((kind) => won.filter((one) => one[place]?.[kind]).length));
        expect(counts).to.deep.equal(ids.map(() => [1, 1, 1]));
      });

      it('consume: a record that is replaced after its use stays used', async () => {
        await store.protocol.put(code('code-1'));
        await store.protocol.consume('AuthorizationCode', 'code-1', NOW);
        await store.protocol.put(code('code-1'));
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(false);
      });

      it('consume: a record that is put as used stays used', async () => {
        await store.protocol.put({ ...code('code-1'), payload: { consumed: 1 } });
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(false);
      });

      it('challenge: of parallel calls, one takes it, whole', async () => {
        await store.challenges.put(challenge('challenge-1'));
        const taken = await inParallel((handle) => handle.challenges.take('challenge-1'));
        expect(taken.filter((one) => one !== undefined)).to.deep.equal([challenge('challenge-1')]);
      });

      it('hand-off: of parallel calls, one takes it, whole', async () => {
        await store.handOffs.put(handOff('hand-off-1'));
        const taken = await inParallel((handle) => handle.handOffs.take('hand-off-1'));
        expect(taken.filter((one) => one !== undefined)).to.deep.equal([handOff('hand-off-1')]);
      });

      it('challenge and hand-off: one that stands is not replaced', async () => {
        await store.challenges.put(challenge('challenge-1'));
        await store.handOffs.put(handOff('hand-off-1'));
        await refused('STORE_UNAVAILABLE', store.challenges.put({ ...challenge('challenge-1'), interaction: 'other' }));
        await refused('STORE_UNAVAILABLE', store.handOffs.put({ ...handOff('hand-off-1'), interaction: 'other' }));
        expect(await store.challenges.take('challenge-1')).to.deep.equal(challenge('challenge-1'));
        expect(await store.handOffs.take('hand-off-1')).to.deep.equal(handOff('hand-off-1'));
      });

      it('of two processes, one wins each record, and their audit records form one chain', async () => {
        const count = 50;
        const ids = Array.from({ length: count }, (_, number) => `record-${number}`);
        for (const id of ids) {
          await store.protocol.put(code(id));
          await store.challenges.put(challenge(id));
          await store.handOffs.put(handOff(id));
        }
        const contenders = [startContender(), startContender()];
        const won = await Promise.all(await Promise.all(contenders).then((all) => all.map((contender) => contender())));
        for (const kind of ['codes', 'challenges', 'handOffs'] as const) {
          expect(won.flatMap((one) => one[kind]).sort()).to.deep.equal([...ids].sort());
        }
        const last = await new AuditLog(store.audit, () => NOW).verify();
        expect(last?.sequence).to.equal(2 * count);

        /** Resolves when the process is ready, with the function that lets it go and returns what it won. */
        async function startContender(): Promise<() => Promise<Won>> {
          const script = new URL('contender.ts', import.meta.url);
          const child = fork(script, [factory.name, place, String(count)], { execArgv: [] });
          await message(child);
          return async () => {
            child.send('go');
            return (await message(child)) as Won;
          };
        }
      });
    });

    describe('portals', () => {
      it('come back as they were put, and in the order of their client_id', async () => {
        expect(await store.portals.put(portal('b'))).to.equal(true);
        expect(await store.portals.put(portal('a'))).to.equal(true);
        await restart();
        expect(await store.portals.find('b')).to.deep.equal(portal('b'));
        expect(await store.portals.list()).to.deep.equal([portal('a'), portal('b')]);
        expect(await store.portals.find('c')).to.equal(undefined);
      });

      it('are listed whole and in order, when there are more than a server sends at once', async () => {
        const ids = Array.from({ length: 250 }, (_, number) => `portal-${String(number).padStart(3, '0')}`);
        for (const id of ids.toReversed()) await store.portals.put(portal(id));
        expect((await other.portals.list()).map(({ clientId }) => clientId)).to.deep.equal(ids);
      });

      it('are not replaced: of parallel registrations, one is new', async () => {
        const isNew = await inParallel((handle) => handle.portals.put(portal('a')));
        expect(isNew.filter(Boolean)).to.have.length(1);
        expect(await other.portals.put({ ...portal('a'), status: 'suspended' })).to.equal(false);
        expect(await store.portals.find('a')).to.have.property('status', 'active');
      });
    });

    describe('what has been ended or suspended', () => {
      it('everybody: the latest counts, for every handle and after a restart', async () => {
        expect(await store.notBefore.find()).to.equal(undefined);
        await store.notBefore.raise(1_795_000_100);
        await other.notBefore.raise(1_795_000_000);
        expect(await store.notBefore.find()).to.equal(1_795_000_100);
        await Promise.all(
          Array.from({ length: PARALLEL }, (_, number) =>
            (number % 2 === 0 ? store : other).notBefore.raise(1_795_000_200 - number),
          ),
        );
        await restart();
        expect(await other.notBefore.find()).to.equal(1_795_000_200);
      });

      it('a portal: the latest counts, whatever its status; nothing else of it changes', async () => {
        for (const id of ['a', 'b']) await store.portals.put(portal(id));
        expect(await store.portals.find('a')).to.deep.equal(portal('a'));
        expect(await other.portals.change('a', { notBefore: 1_795_000_100, status: 'suspended' })).to.equal(true);
        const suspended = { ...portal('a'), status: 'suspended', notBefore: 1_795_000_100 };
        expect(await store.portals.find('a')).to.deep.equal(suspended);
        expect(await store.portals.change('a', { notBefore: 1_795_000_000 })).to.equal(true);
        expect(await store.portals.find('a')).to.deep.equal(suspended);
        expect(await store.portals.change('a', { notBefore: 1_795_000_200, status: 'active' })).to.equal(true);
        expect(await store.portals.change('unknown', { notBefore: 1_795_000_200 })).to.equal(false);
        await restart();
        expect(await store.portals.list()).to.deep.equal([{ ...portal('a'), notBefore: 1_795_000_200 }, portal('b')]);
      });

      it('a citizen: stands beside each sign-in, and stays when these have expired', async () => {
        const signIn = { accountId: 'account-1', signedInAt: 1_795_000_000 };
        const citizen = { ...signIn, sealed: Uint8Array.of(1, 2, 3), expiresAt: EXPIRY };
        await store.citizens.put(citizen);
        await store.standings.change('account-1', { notBefore: 1_795_000_100 });
        await other.standings.change('account-2', { notBefore: 1_795_000_100, isSuspended: true });
        const standing = { isSuspended: false, notBefore: 1_795_000_100 };
        expect(await store.standings.find('account-1')).to.deep.equal(standing);
        expect(await store.citizens.find(signIn, NOW)).to.deep.equal({ ...citizen, standing });
        await store.standings.change('account-1', { notBefore: 1_795_000_000, isSuspended: true });
        await other.standings.change('account-1', { notBefore: 1_795_000_000 });
        await store.sweep(EXPIRY);
        await restart();
        expect(await store.citizens.find(signIn, NOW)).to.equal(undefined);
        expect(await store.standings.find('account-1')).to.deep.equal({ ...standing, isSuspended: true });
        expect(await store.standings.find('account-2')).to.deep.equal({ ...standing, isSuspended: true });
        expect(await store.standings.find('account-3')).to.equal(undefined);
        await store.standings.change('account-1', { notBefore: 1_795_000_200, isSuspended: false });
        expect(await other.standings.find('account-1')).to.deep.equal({ ...standing, notBefore: 1_795_000_200 });
      });
    });

    describe('consents', () => {
      it('stand once for each citizen and portal; put replaces', async () => {
        const consent = {
          accountId: 'account-1',
          clientId: 'portal-1',
          claims: ['family_name', 'given_name'],
          givenAt: NOW,
        };
        await store.consents.put({ ...consent, claims: ['birthdate'] });
        await store.consents.put(consent);
        await store.consents.put({ ...consent, clientId: 'portal-2', claims: [] });
        await restart();
        expect(await store.consents.find('account-1', 'portal-1')).to.deep.equal(consent);
        expect(await store.consents.find('account-1', 'portal-2')).to.have.deep.property('claims', []);
        expect(await store.consents.find('account-2', 'portal-1')).to.equal(undefined);
      });
    });

    describe('citizens', () => {
      it('come back, one for each sign-in, until the instant of their expiry; put replaces', async () => {
        const signIn = { accountId: 'account-1', signedInAt: 1_795_000_000 };
        const citizen = { ...signIn, sealed: Uint8Array.of(1, 2, 3), expiresAt: EXPIRY };
        const later = { ...citizen, signedInAt: signIn.signedInAt + 1, sealed: Uint8Array.of(4) };
        await store.citizens.put({ ...citizen, sealed: Uint8Array.of(9), expiresAt: NOW });
        await store.citizens.put(citizen);
        await store.citizens.put(later);
        await restart();
        expect(await store.citizens.find(signIn, BEFORE_EXPIRY)).to.deep.equal(citizen);
        expect(await store.citizens.find(later, BEFORE_EXPIRY)).to.deep.equal(later);
        expect(await store.citizens.find(signIn, EXPIRY)).to.equal(undefined);
        expect(await store.citizens.find({ ...signIn, accountId: 'account-2' }, NOW)).to.equal(undefined);
        expect(await store.citizens.find({ ...signIn, signedInAt: signIn.signedInAt - 1 }, NOW)).to.equal(undefined);
      });
    });

    describe('OCSP answers', () => {
      const answer = {
        key: 'certificate key',
        response: Uint8Array.of(0x30, 0, 255),
        nonce: Uint8Array.of(0, 1, 255),
        receivedAt: NOW,
        expiresAt: EXPIRY,
      };

      it('are found by every handle until they expire', async () => {
        await store.ocspAnswers.put(answer);
        expect(await other.ocspAnswers.find(answer.key, BEFORE_EXPIRY)).to.deep.equal(answer);
        expect(await other.ocspAnswers.find(answer.key, EXPIRY)).to.equal(undefined);
        expect(await other.ocspAnswers.find('another key', NOW)).to.equal(undefined);
        await restart();
        expect(await store.ocspAnswers.find(answer.key, NOW)).to.deep.equal(answer);
      });

      it('take the place of one that was received earlier, with its nonce, and of no later one', async () => {
        await store.ocspAnswers.put(answer);
        const { nonce: _, ...later } = { ...answer, response: Uint8Array.of(1), receivedAt: BEFORE_EXPIRY };
        await other.ocspAnswers.put(later);
        expect(await store.ocspAnswers.find(answer.key, NOW)).to.deep.equal(later);
        await inParallel((handle) => handle.ocspAnswers.put(answer));
        expect(await store.ocspAnswers.find(answer.key, NOW)).to.deep.equal(later);
      });

      it('are swept when they have expired', async () => {
        await store.ocspAnswers.put(answer);
        expect(await store.sweep(BEFORE_EXPIRY)).to.equal(0);
        expect(await store.sweep(EXPIRY)).to.equal(1);
      });
    });

    describe('the trust list', () => {
      const entriesOf = async (handle: Store) => (await handle.trust.read()).entries;

      it('is empty at first', async () => {
        expect(await store.trust.read()).to.deep.equal({ version: await other.trust.version(), entries: [] });
      });

      it('comes back in the order of addition, as it was put, after a restart too', async () => {
        const added = [trustEntry('b'), trustEntry('a'), { ...trustEntry('b'), kind: 'intermediate' } as const];
        for (const entry of added) expect(await store.trust.put(entry)).to.equal(true);
        expect(await entriesOf(other)).to.deep.equal(added);
        await restart();
        expect(await entriesOf(store)).to.deep.equal(added);
      });

      it('has one entry for each profile, kind and certificate: of parallel additions, one is new', async () => {
        const isNew = await inParallel((handle) => handle.trust.put(trustEntry('a')));
        expect(isNew.filter(Boolean)).to.have.length(1);
        expect(await other.trust.put({ ...trustEntry('a'), keySha256: 'key-2' })).to.equal(false);
        expect(await other.trust.put({ ...trustEntry('a'), profile: 'passport' })).to.equal(true);
        expect(await entriesOf(store)).to.deep.equal([trustEntry('a'), { ...trustEntry('a'), profile: 'passport' }]);
      });

      it('loses exactly the entry that is removed: of parallel removals, one wins', async () => {
        const stays = [
          { ...trustEntry('a'), kind: 'intermediate' },
          { ...trustEntry('a'), profile: 'passport' },
          trustEntry('b'),
        ] as const;
        for (const entry of [trustEntry('a'), ...stays]) await store.trust.put(entry);
        const isRemoved = await inParallel((handle) => handle.trust.remove(trustEntry('a')));
        expect(isRemoved.filter(Boolean)).to.have.length(1);
        expect(await entriesOf(other)).to.deep.equal(stays);
      });

      it('raises its version with every change, for every handle, and with nothing else', async () => {
        const { list, refreshes } = await store.trust.version();
        const raised = async () => {
          const version = await other.trust.version();
          expect((await other.trust.read()).version).to.deep.equal(version);
          return [version.list - list, version.refreshes - refreshes];
        };
        await store.trust.put(trustEntry('a'));
        expect(await raised()).to.deep.equal([1, 0]);
        await store.trust.put(trustEntry('a'));
        await store.trust.remove(trustEntry('b'));
        expect(await raised()).to.deep.equal([1, 0]);
        await store.trust.remove(trustEntry('a'));
        expect(await raised()).to.deep.equal([2, 0]);
        await store.trust.refresh();
        expect(await raised()).to.deep.equal([3, 1]);
        await restart();
        expect(await raised()).to.deep.equal([3, 1]);
        await inParallel((handle) => handle.trust.refresh());
        expect(await raised()).to.deep.equal([3 + PARALLEL, 1 + PARALLEL]);
      });

      it('lets one caller record a change, for others to wait until it is recorded', async () => {
        const claims = await inParallel((handle) => handle.trust.claim('change', NOW, EXPIRY));
        expect(claims.filter((claim) => claim === 'won')).to.have.length(1);
        expect(claims.filter((claim) => claim === 'held')).to.have.length(PARALLEL - 1);
        expect(await other.trust.claim('another', NOW, EXPIRY)).to.equal('won');
        await store.trust.settle('change', true);
        await restart();
        expect(await inParallel((handle) => handle.trust.claim('change', EXPIRY, EXPIRY))).to.deep.equal(
          Array(PARALLEL).fill('recorded'),
        );
        await store.trust.settle('change', false);
        expect(await other.trust.claim('change', EXPIRY, EXPIRY)).to.equal('recorded');
      });

      it('lets one caller take over a change that was given back, or whose time has passed', async () => {
        await store.trust.claim('left', NOW, EXPIRY);
        expect(await other.trust.claim('left', BEFORE_EXPIRY, EXPIRY)).to.equal('held');
        const later = new Date(EXPIRY.getTime() + 1000);
        const claims = await inParallel((handle) => handle.trust.claim('left', EXPIRY, later));
        expect(claims.filter((claim) => claim === 'won')).to.have.length(1);
        await store.trust.settle('left', false);
        const again = await inParallel((handle) => handle.trust.claim('left', EXPIRY, later));
        expect(again.filter((claim) => claim === 'won')).to.have.length(1);
      });

      it('remembers the latest changes that are on record', async () => {
        for (let change = 0; change <= 32; change++) {
          expect(await store.trust.claim(`change ${change}`, NOW, EXPIRY)).to.equal('won');
          await store.trust.settle(`change ${change}`, true);
        }
        for (let change = 1; change <= 32; change++) {
          expect(await other.trust.claim(`change ${change}`, EXPIRY, EXPIRY)).to.equal('recorded');
        }
        expect(await other.trust.claim('change 0', NOW, EXPIRY)).to.equal('won');
      });
    });

    describe('the key ring', () => {
      const ring = (version: number, octet = version) => ({ version, sealed: Uint8Array.of(0, octet, 255) });

      it('is absent at first', async () => {
        expect(await store.keyRing.version()).to.equal(0);
        expect(await store.keyRing.read()).to.equal(undefined);
      });

      it('comes back as it was put, for every handle, and after a restart', async () => {
        expect(await store.keyRing.replace(ring(1))).to.equal(true);
        expect(await store.keyRing.replace(ring(2))).to.equal(true);
        expect(await other.keyRing.version()).to.equal(2);
        expect(await other.keyRing.read()).to.deep.equal(ring(2));
        await restart();
        expect(await store.keyRing.read()).to.deep.equal(ring(2));
      });

      it('is replaced by the version after it, and by no other', async () => {
        for (const version of [0, 2]) expect(await store.keyRing.replace(ring(version))).to.equal(false);
        expect(await store.keyRing.read()).to.equal(undefined);
        await store.keyRing.replace(ring(1));
        for (const version of [0, 1, 3]) expect(await other.keyRing.replace(ring(version, 9))).to.equal(false);
        expect(await store.keyRing.read()).to.deep.equal(ring(1));
      });

      for (const version of [1, 2]) {
        it(`is replaced by one of many that make version ${version} at once`, async () => {
          if (version === 2) await store.keyRing.replace(ring(1));
          let octet = 0;
          const attempts = await inParallel(async (handle) => {
            const next = ring(version, ++octet);
            return { next, won: await handle.keyRing.replace(next) };
          });
          const winners = attempts.filter(({ won }) => won);
          expect(winners).to.have.length(1);
          expect(await other.keyRing.read()).to.deep.equal(winners[0]?.next);
        });
      }
    });

    describe('sweep', () => {
      it('deletes what has expired, in more than one batch, and nothing else', async () => {
        const expired = 1100;
        for (let number = 0; number < expired; number++) await store.protocol.put(code(`expired-${number}`));
        const lasting = { ...code('lasting'), expiresAt: new Date(EXPIRY.getTime() + 1) };
        await store.protocol.put(lasting);
        await store.protocol.put({ model: 'Grant', id: 'without-expiry', payload: {} });
        await store.challenges.put(challenge('challenge-1'));
        await store.handOffs.put(handOff('hand-off-1'));
        await store.citizens.put({
          accountId: 'account-1',
          signedInAt: 1,
          sealed: Uint8Array.of(1),
          expiresAt: EXPIRY,
        });
        expect(await store.sweep(BEFORE_EXPIRY)).to.equal(0);
        expect(await store.sweep(EXPIRY)).to.equal(expired + 3);
        expect(await store.protocol.find('AuthorizationCode', { id: 'lasting' }, EXPIRY)).to.deep.equal(lasting);
        expect(await store.protocol.find('Grant', { id: 'without-expiry' }, EXPIRY)).to.have.property('model', 'Grant');
        expect(await store.challenges.take('challenge-1')).to.equal(undefined);
        expect(await store.handOffs.take('hand-off-1')).to.equal(undefined);
      });
    });

    describe('clock skew: each caller has a clock of its own, and it alone decides what has expired for that caller', () => {
      const AHEAD = EXPIRY;
      const BEHIND = NOW;
      const session: ProtocolRecord = { ...code('session-1'), model: 'Session', uid: 'uid-1', userCode: 'USER' };

      it('what has expired for a clock that is ahead is still there for one that is behind', async () => {
        await store.protocol.put(session);
        await store.citizens.put({ accountId: 'a', signedInAt: 1, sealed: Uint8Array.of(1), expiresAt: EXPIRY });
        for (const key of [{ id: 'session-1' }, { uid: 'uid-1' }, { userCode: 'USER' }]) {
          const [ahead, behind] = await Promise.all([
            store.protocol.find('Session', key, AHEAD),
            store.protocol.find('Session', key, BEHIND),
          ]);
          expect(ahead).to.equal(undefined);
          expect(behind).to.deep.equal(session);
          expect(await other.protocol.find('Session', key, BEHIND)).to.deep.equal(session);
        }
        const signIn = { accountId: 'a', signedInAt: 1 };
        expect(await store.citizens.find(signIn, AHEAD)).to.equal(undefined);
        expect(await other.citizens.find(signIn, BEHIND)).to.have.property('signedInAt', 1);
      });

      it('a clock that is ahead consumes nothing, and one that is behind consumes once', async () => {
        await store.protocol.put(code('code-1'));
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', AHEAD)).to.equal(false);
        expect(await other.protocol.consume('AuthorizationCode', 'code-1', BEHIND)).to.equal(true);
        for (const at of [BEFORE_EXPIRY, BEHIND, AHEAD]) {
          expect(await store.protocol.consume('AuthorizationCode', 'code-1', at)).to.equal(false);
        }
      });

      it('nothing is added again by a clock for which it has expired, and nothing that was used is revived', async () => {
        const assertion: ProtocolRecord = { ...code('jti-1'), model: 'ReplayDetection' };
        expect(await store.protocol.add(assertion)).to.equal(true);
        const later = new Date(EXPIRY.getTime() + 60_000);
        expect(await other.protocol.add({ ...assertion, expiresAt: later })).to.equal(false);
        expect(await store.protocol.find('ReplayDetection', { id: 'jti-1' }, AHEAD)).to.equal(undefined);
        await store.protocol.put(code('code-1'));
        await other.protocol.consume('AuthorizationCode', 'code-1', BEHIND);
        await store.protocol.put({ ...code('code-1'), expiresAt: later });
        expect(await store.protocol.consume('AuthorizationCode', 'code-1', AHEAD)).to.equal(false);
      });

      it('a counter that a clock far ahead has begun counts on, and ends one window after any other clock has met it', async () => {
        await store.rateLimits.add('address', 1, BEHIND, EXPIRY);
        const later = new Date(EXPIRY.getTime() + 3 * 3_600_000);
        expect(await other.rateLimits.add('address', 1, AHEAD, later)).to.deep.equal({ points: 1, expiresAt: later });
        const met = { points: 2, expiresAt: EXPIRY };
        expect(await store.rateLimits.add('address', 1, BEHIND, EXPIRY)).to.deep.equal(met);
        expect(await other.rateLimits.add('address', 1, BEFORE_EXPIRY, later)).to.deep.equal({ ...met, points: 3 });
        const next = new Date(EXPIRY.getTime() + 60_000);
        expect(await store.rateLimits.add('address', 1, EXPIRY, next)).to.deep.equal({ points: 1, expiresAt: next });
      });

      it('a sweep by a clock that is behind removes nothing that counts for another', async () => {
        await store.protocol.put(code('code-1'));
        await store.challenges.put(challenge('challenge-1'));
        expect(await other.sweep(BEHIND)).to.equal(0);
        expect(await store.protocol.find('AuthorizationCode', { id: 'code-1' }, BEFORE_EXPIRY)).to.not.equal(undefined);
        expect(await store.challenges.take('challenge-1')).to.deep.equal(challenge('challenge-1'));
      });

      it('audit records of two clocks form one chain, each with the time of its own', async () => {
        const later = new AuditLog(store.audit, () => AHEAD);
        const earlier = new AuditLog(other.audit, () => BEHIND);
        for (const log of [later, earlier, later]) await log.append(auditEvent('portal-1'));
        expect((await store.audit.read(0, 10)).map(({ at }) => at)).to.deep.equal([AHEAD, BEHIND, AHEAD]);
        expect(await earlier.verify()).to.have.property('sequence', 3);
      });
    });

    describe('audit', () => {
      it('appends of two handles in parallel form one chain without a gap, which outlives a restart', async () => {
        const clock = () => NOW;
        const logs = new Map([store, other].map((handle) => [handle, new AuditLog(handle.audit, clock)]));
        const records = await inParallel(async (handle) => logs.get(handle)?.append(auditEvent('portal-1')));
        const sequences = records.map((record) => record?.sequence ?? 0).sort((a, b) => a - b);
        expect(sequences).to.deep.equal(Array.from({ length: PARALLEL }, (_, index) => index + 1));
        await restart();
        const log = new AuditLog(store.audit, clock);
        expect(await log.append(auditEvent('portal-2'))).to.have.property('sequence', PARALLEL + 1);
        expect(await log.verify()).to.have.property('sequence', PARALLEL + 1);
      });

      it('read returns the records above a sequence, in order, as they were appended, up to the limit', async () => {
        const log = new AuditLog(store.audit, () => NOW);
        const appended = [
          await log.append(auditEvent('a')),
          await log.append(auditEvent('b')),
          await log.append(auditEvent('c')),
        ];
        expect(await other.audit.read(0, 10)).to.deep.equal(appended);
        expect(await other.audit.read(1, 1)).to.deep.equal(appended.slice(1, 2));
        expect(await other.audit.read(3, 10)).to.deep.equal([]);
      });

      it('an append whose link throws is refused with that error, and those beside it stand', async () => {
        const refusal = new RangeError('no record');
        const append = () => store.audit.append((last) => linkRecord(last, auditEvent('portal-1'), NOW));
        const failing = store.audit.append(() => {
          throw refusal;
        });
        const [before, failed, after] = await Promise.allSettled([append(), failing, append()]);
        expect([before.status, failed, after.status]).to.deep.equal([
          'fulfilled',
          { status: 'rejected', reason: refusal },
          'fulfilled',
        ]);
        expect(await new AuditLog(store.audit, () => NOW).verify()).to.have.property('sequence', 2);
      });

      it('close completes the appends that wait', async () => {
        const append = new AuditLog(store.audit, () => NOW).append(auditEvent('portal-1'));
        await store.close();
        expect(await append).to.have.property('sequence', 1);
        expect(await other.audit.read(0, 10)).to.deep.equal([await append]);
      });
    });

    describe('after close', () => {
      it('every port refuses with a code', async () => {
        await store.close();
        await store.close();
        await refused('STORE_UNAVAILABLE', store.protocol.find('Session', { id: 'session-1' }, NOW));
        await refused('STORE_UNAVAILABLE', store.protocol.put(code('code-1')));
        await refused('STORE_UNAVAILABLE', store.protocol.consume('Session', 'session-1', NOW));
        await refused('STORE_UNAVAILABLE', store.challenges.take('challenge-1'));
        await refused('STORE_UNAVAILABLE', store.handOffs.take('hand-off-1'));
        await refused('STORE_UNAVAILABLE', store.portals.list());
        await refused('STORE_UNAVAILABLE', store.consents.find('account-1', 'portal-1'));
        await refused('STORE_UNAVAILABLE', store.citizens.find({ accountId: 'account-1', signedInAt: 1 }, NOW));
        await refused('STORE_UNAVAILABLE', store.portals.change('portal-1', { notBefore: 1 }));
        await refused('STORE_UNAVAILABLE', store.standings.find('account-1'));
        await refused('STORE_UNAVAILABLE', store.standings.change('account-1', { notBefore: 1 }));
        await refused('STORE_UNAVAILABLE', store.notBefore.find());
        await refused('STORE_UNAVAILABLE', store.notBefore.raise(1));
        await refused('STORE_UNAVAILABLE', store.trust.version());
        await refused('STORE_UNAVAILABLE', store.trust.read());
        await refused('STORE_UNAVAILABLE', store.trust.put(trustEntry('a')));
        await refused('STORE_UNAVAILABLE', store.trust.remove(trustEntry('a')));
        await refused('STORE_UNAVAILABLE', store.trust.refresh());
        await refused('STORE_UNAVAILABLE', store.keyRing.version());
        await refused('STORE_UNAVAILABLE', store.keyRing.read());
        await refused('STORE_UNAVAILABLE', store.keyRing.replace({ version: 1, sealed: Uint8Array.of(1) }));
        await refused('STORE_UNAVAILABLE', store.logoutNotices.put(participant('one')));
        await refused('STORE_UNAVAILABLE', store.logoutNotices.end({ sessionUid: 'session of one' }, NOW));
        await refused('STORE_UNAVAILABLE', store.logoutNotices.take(NOW, EXPIRY, []));
        await refused('STORE_UNAVAILABLE', store.logoutNotices.backlog());
        await refused('STORE_UNAVAILABLE', store.sweep(NOW));
        await refused('AUDIT_UNAVAILABLE', store.audit.read(0, 1));
        await refused('AUDIT_UNAVAILABLE', new AuditLog(store.audit, () => NOW).append(auditEvent('portal-1')));
      });
    });
  });
}

/** The child's next message; rejects when the process ends without one. */
async function message(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([exitCode]) => {
    throw new Error(`the contender ended with ${exitCode}`);
  });
  const [received] = await Promise.race([once(child, 'message'), ended]);
  return received;
}

async function refused(errorCode: string, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(ServiceError).with.property('code', errorCode);
}
