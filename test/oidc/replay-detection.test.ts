import { expect } from 'chai';
import { isFirstUse } from '../../src/oidc/replay-detection.ts';
import { memoryProtocol } from '../support/ports.ts';

const ASSERTION = { issuer: 'passport-renewal', jti: 'one', expiresAtSeconds: 1_800_000_000 };

describe('RFC 7523 3, RFC 9449 11.1: an assertion is used once', () => {
  it('of any number of requests that bring it at once, one goes on', async () => {
    const protocol = memoryProtocol();
    const uses = await Promise.all(Array.from({ length: 20 }, () => isFirstUse(protocol, ASSERTION)));
    expect(uses.filter((isFirst) => isFirst)).to.have.lengthOf(1);
    expect(await isFirstUse(protocol, ASSERTION)).to.equal(false);
  });

  it('another jti, and the same jti of another issuer, are other assertions', async () => {
    const protocol = memoryProtocol();
    await isFirstUse(protocol, ASSERTION);
    expect(await isFirstUse(protocol, { ...ASSERTION, jti: 'two' })).to.equal(true);
    expect(await isFirstUse(protocol, { ...ASSERTION, issuer: 'driving-licence' })).to.equal(true);
    // The two texts run together to the same.
    expect(await isFirstUse(protocol, { ...ASSERTION, issuer: 'passport-renewalo', jti: 'ne' })).to.equal(true);
  });

  it('is remembered until it ends, and neither its jti nor its issuer stand in the store', async () => {
    const protocol = memoryProtocol();
    await isFirstUse(protocol, ASSERTION);
    const [record] = protocol.stored.values();
    expect(record?.expiresAt).to.deep.equal(new Date('2027-01-15T08:00:00Z'));
    expect(JSON.stringify(record)).not.to.include('passport');
  });
});
