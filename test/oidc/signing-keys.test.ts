import { expect } from 'chai';
import { calculateJwkThumbprint } from 'jose';
import { generateSigningKeys } from '../../src/oidc/signing-keys.ts';

describe('the keys that sign assertions', () => {
  it('are private ES256 keys, named by their thumbprint (RFC 7638)', async () => {
    const { keys } = await generateSigningKeys();
    expect(keys).to.have.lengthOf(1);
    const [jwk] = keys;
    expect(jwk).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }).and.have.property('d');
    expect(jwk?.kid).to.equal(await calculateJwkThumbprint(jwk ?? {}));
  });

  it('are new ones each time', async () => {
    const [one, two] = await Promise.all([generateSigningKeys(), generateSigningKeys()]);
    expect(one.keys[0]?.d).to.not.equal(two.keys[0]?.d);
  });
});
