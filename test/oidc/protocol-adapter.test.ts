import { expect } from 'chai';
import { errors } from 'oidc-provider';
import type { HasEnded } from '../../src/oidc/ended-records.ts';
import { createAdapterFactory } from '../../src/oidc/protocol-adapter.ts';
import { SubmittedInteractions } from '../../src/oidc/submitted-interactions.ts';
import { portal } from '../store/records.ts';
import { memoryPortals, memoryProtocol, testClock } from '../support/ports.ts';
import { thrownBy } from '../support/refusal.ts';

function setUp(hasEnded: HasEnded = async () => false) {
  const { clock, advance } = testClock();
  const protocol = memoryProtocol();
  const portals = memoryPortals(portal('active'), { ...portal('suspended'), status: 'suspended' });
  return {
    protocol,
    advance,
    adapter: createAdapterFactory({ protocol, portals, clock, hasEnded, submitted: new SubmittedInteractions() }),
  };
}

const ID = 'the-code-that-the-portal-presents';
const PAYLOAD = { jti: ID, kind: 'AuthorizationCode', accountId: 'account-1', grantId: 'grant-1' };
const BEARER = ['AccessToken', 'AuthorizationCode', 'PushedAuthorizationRequest', 'RefreshToken'];

describe("oidc-provider's adapter", () => {
  for (const model of [...BEARER, 'Session', 'Interaction', 'Grant']) {
    it(`${model}: finds what was kept, until it expires`, async () => {
      const { adapter, advance } = setUp();
      const records = adapter(model);
      await records.upsert(ID, PAYLOAD, 60);
      expect(await records.find(ID)).to.deep.include(PAYLOAD);
      advance(59_999);
      expect(await records.find(ID)).to.deep.include(PAYLOAD);
      advance(1);
      expect(await records.find(ID)).to.equal(undefined);
    });
  }

  it('finds nothing under another id, or of another model', async () => {
    const { adapter } = setUp();
    await adapter('AuthorizationCode').upsert(ID, PAYLOAD, 60);
    expect(await adapter('AuthorizationCode').find('other')).to.equal(undefined);
    expect(await adapter('AccessToken').find(ID)).to.equal(undefined);
  });

  for (const model of BEARER) {
    it(`${model}: the store holds only the hash of what its holder presents`, async () => {
      const { adapter, protocol } = setUp();
      await adapter(model).upsert(ID, PAYLOAD, 60);
      expect(JSON.stringify([...protocol.stored.entries()])).to.not.include(ID);
    });
  }

  it('what has no lifetime does not expire', async () => {
    const { adapter, advance } = setUp();
    await adapter('Session').upsert(ID, PAYLOAD, 0);
    advance(10 ** 12);
    expect(await adapter('Session').find(ID)).to.deep.include(PAYLOAD);
  });

  it('finds a session by its uid, and a device code by its user code', async () => {
    const { adapter } = setUp();
    await adapter('Session').upsert(ID, { uid: 'uid-1' }, 60);
    await adapter('DeviceCode').upsert(ID, { userCode: 'USER-CODE' }, 60);
    expect(await adapter('Session').findByUid('uid-1')).to.have.property('uid', 'uid-1');
    expect(await adapter('DeviceCode').findByUserCode('USER-CODE')).to.have.property('userCode', 'USER-CODE');
    expect(await adapter('Session').findByUid('uid-2')).to.equal(undefined);
  });

  it('finds nothing that has ended, and refuses when that cannot be known', async () => {
    const seen: unknown[] = [];
    const { adapter } = setUp(async (model, payload) => seen.push(model, payload.uid) > 0);
    await adapter('Session').upsert(ID, { uid: 'uid-1' }, 60);
    expect(await adapter('Session').find(ID)).to.equal(undefined);
    expect(await adapter('Session').findByUid('uid-1')).to.equal(undefined);
    expect(seen).to.deep.equal(['Session', 'uid-1', 'Session', 'uid-1']);
    const lost = setUp(() => Promise.reject(new Error('gone'))).adapter('Session');
    await lost.upsert(ID, { uid: 'uid-1' }, 60);
    expect(await thrownBy(() => lost.find(ID)))
      .to.be.an('error')
      .with.property('message', 'gone');
  });

  it('destroys one record, and revokes all of a grant, of the model', async () => {
    const { adapter } = setUp();
    const tokens = adapter('AccessToken');
    await tokens.upsert('one', PAYLOAD, 60);
    await tokens.upsert('two', PAYLOAD, 60);
    await tokens.upsert('three', { ...PAYLOAD, grantId: 'grant-2' }, 60);
    await tokens.destroy('one');
    expect(await tokens.find('one')).to.equal(undefined);
    expect(await tokens.find('two')).to.not.equal(undefined);
    await tokens.revokeByGrantId('grant-1');
    expect(await tokens.find('two')).to.equal(undefined);
    expect(await tokens.find('three')).to.not.equal(undefined);
  });
});

describe('single use (S26)', () => {
  it('a code that is consumed says so, and the second redemption is an invalid_grant', async () => {
    const { adapter } = setUp();
    const codes = adapter('AuthorizationCode');
    await codes.upsert(ID, PAYLOAD, 60);
    await codes.consume(ID);
    expect(await codes.find(ID)).to.have.property('consumed');
    expect(await thrownBy(() => codes.consume(ID))).to.be.instanceOf(errors.InvalidGrant);
  });

  it('of 20 redemptions at once that all found the code, one goes on', async () => {
    const { adapter } = setUp();
    const codes = adapter('AuthorizationCode');
    await codes.upsert(ID, PAYLOAD, 60);
    const attempts = Array.from({ length: 20 }, async () => {
      await codes.find(ID);
      await codes.consume(ID);
    });
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).to.be.instanceOf(errors.InvalidGrant);
    }
  });

  it('a code that expired, or was never issued, cannot be consumed', async () => {
    const { adapter, advance } = setUp();
    const codes = adapter('AuthorizationCode');
    await codes.upsert(ID, PAYLOAD, 60);
    advance(60_000);
    for (const id of [ID, 'other']) {
      expect(await thrownBy(() => codes.consume(id))).to.be.instanceOf(errors.InvalidGrant);
    }
  });
});

describe('clients are portals', () => {
  const clients = () => setUp().adapter('Client');

  it('an active one is found', async () =>
    expect(await clients().find('active')).to.have.property('client_id', 'active'));
  it('a suspended one is not', async () => expect(await clients().find('suspended')).to.equal(undefined));
  it('nor one that was never registered', async () => expect(await clients().find('x')).to.equal(undefined));
  it('the protocol does not write them', async () => {
    for (const write of [
      () => clients().upsert('x', {}, 60),
      () => clients().consume('active'),
      () => clients().destroy('active'),
      () => clients().revokeByGrantId('x'),
    ]) {
      expect(await thrownBy(write)).to.be.instanceOf(TypeError);
    }
  });
});
