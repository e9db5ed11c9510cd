import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose';
import { ASSERTION_ALGORITHMS } from '../../src/oidc/keys/key-ring.ts';
import { cookieKeyMaterial, drawNamed, generateKey, generateSigningKeys } from '../../src/oidc/signing-keys.ts';

describe('the keys that sign assertions', () => {
  it('are private ES256 keys at first, named by their thumbprint (RFC 7638)', async () => {
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

  for (const algorithm of ASSERTION_ALGORITHMS) {
    it(`${algorithm}: what the private part signs, the public part verifies; it holds nothing private`, async () => {
      const { kid, publicJwk = {}, privateJwk = {} } = await generateKey(algorithm);
      const token = await new SignJWT({}).setProtectedHeader({ alg: algorithm }).sign(await importJWK(privateJwk));
      await jwtVerify(token, await importJWK(publicJwk), { algorithms: [algorithm] });
      expect(publicJwk).to.include({ kid, alg: algorithm, use: 'sig' });
      expect(kid).to.equal(await calculateJwkThumbprint(publicJwk));
      const secret = createPrivateKey({ key: privateJwk as Record<string, string>, format: 'jwk' });
      const { kid: _, alg: __, use: ___, ...members } = publicJwk;
      expect(members).to.deep.equal(createPublicKey(secret).export({ format: 'jwk' }));
    });
  }

  it('of RSA have 3072 bits', async () => {
    const { publicJwk } = await generateKey('PS256');
    expect(Buffer.from(publicJwk?.n ?? '', 'base64url')).to.have.lengthOf(384);
  });
});

describe('the name of a new key', () => {
  it('never begins with a hyphen: a command would take it for an option', async () => {
    const drawn = ['-Yyc', '--early', 'a-b', 'next'];
    const key = await drawNamed(async () => ({ kid: String(drawn.shift()) }));
    expect(key.kid).to.equal('a-b');
    expect(drawn).to.deep.equal(['next']);
  });

  it('is so for each kind of key', async () => {
    const drawn = await Promise.all(Array.from({ length: 400 }, () => generateKey('HS1')));
    expect(drawn.filter(({ kid }) => kid.startsWith('-'))).to.deep.equal([]);
    const [first, next] = await Promise.all([
      Promise.all(Array.from({ length: 400 }, () => generateSigningKeys())),
      Promise.all(Array.from({ length: 400 }, () => generateKey('ES256'))),
    ]);
    expect(first.filter(({ keys }) => keys[0]?.kid?.startsWith('-'))).to.deep.equal([]);
    expect(next.filter(({ kid }) => kid.startsWith('-'))).to.deep.equal([]);
  });
});

describe('the keys that sign cookies', () => {
  it('are 256 random bits as text, under a name that does not tell them', async () => {
    const [one, two] = [await generateKey('HS1'), await generateKey('HS1')];
    expect(one.cookieKey).to.match(/^[\w-]{43}$/);
    expect(one.cookieKey).to.not.equal(two.cookieKey);
    expect(one.kid).to.match(/^[\w-]{43}$/);
    expect(one.kid).to.not.equal(one.cookieKey);
    expect(cookieKeyMaterial(one.cookieKey ?? '')).to.deep.equal(one);
  });
});
