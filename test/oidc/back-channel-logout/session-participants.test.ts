import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { Provider } from 'oidc-provider';
import { ServiceError } from '../../../src/errors.ts';
import { type NotifyPortals, notifyOfSessionEnds } from '../../../src/oidc/back-channel-logout/session-participants.ts';
import { thrownBy } from '../../support/refusal.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function providerWith(notify: NotifyPortals): Provider {
  const provider = new Provider('https://id.example.ma', {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'EC' }] },
    cookies: { keys: ['a key of this test only'] },
  });
  notifyOfSessionEnds(provider, notify);
  return provider;
}

async function openSession(provider: Provider) {
  const session = Reflect.construct(provider.Session, [{}]);
  session.loginAccount({ accountId: 'citizen' });
  session.ensureClientContainer('portal-1');
  await session.save(60);
  return session;
}

describe('the end of a session', () => {
  it('is written down before the session is gone', async () => {
    const order: string[] = [];
    const provider = providerWith(async (sessions) => {
      expect(sessions).to.deep.equal({ sessionUid: session.uid });
      order.push((await provider.Session.findByUid(session.uid)) ? 'written down' : 'too late');
    });
    const session = await openSession(provider);
    await session.destroy();
    expect(order).to.deep.equal(['written down']);
    expect(await provider.Session.findByUid(session.uid)).to.equal(undefined);
  });

  it('does not come when it cannot be written down', async () => {
    const failure = new ServiceError('STORE_UNAVAILABLE', 'no store');
    const provider = providerWith(() => Promise.reject(failure));
    const session = await openSession(provider);
    expect(await thrownBy(() => session.destroy())).to.equal(failure);
    expect(await provider.Session.findByUid(session.uid)).to.have.property('accountId', 'citizen');
    // What oidc-provider itself would only report.
    const report = () => Reflect.apply(provider.emit, provider, ['backchannel.error', {}, failure]);
    expect(await thrownBy(report)).to.equal(failure);
  });

  it('is not the end of a sid that a later sign-in has', async () => {
    const provider = providerWith(async () => undefined);
    const session = await openSession(provider);
    const before = session.sidFor('portal-1');
    session.loginAccount({ accountId: 'citizen' });
    expect(session.sidFor('portal-1')).to.be.a('string').and.to.not.equal(before);
  });
});
