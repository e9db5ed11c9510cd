import { expect } from 'chai';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { readLogoutToken } from '../../src/demo/logout-token.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const ISSUER = 'https://id.example.ma';
const CLIENT_ID = 'passport-renewal';

describe('OpenID Connect Back-Channel Logout 1.0 2.6: a logout token', () => {
  const signing = generateKeyPair('ES256', { extractable: true });
  const now = (): number => Math.floor(Date.now() / 1000);
  const accepted = (): JWTPayload => ({
    iss: ISSUER,
    aud: CLIENT_ID,
    sub: 'citizen',
    sid: 'session',
    iat: now(),
    exp: now() + 120,
    jti: 'one',
    events: { [EVENT]: {} },
  });
  const read = async (
    changes: Readonly<Record<string, unknown>> = {},
    { typ = 'logout+jwt', keys = signing }: { readonly typ?: string; readonly keys?: typeof signing } = {},
  ) => {
    const { privateKey } = await keys;
    const jwk = await exportJWK((await signing).publicKey);
    const token = await new SignJWT({ ...accepted(), ...changes })
      .setProtectedHeader({ alg: 'ES256', typ })
      .sign(privateKey);
    return readLogoutToken(token, {
      issuer: ISSUER,
      clientId: CLIENT_ID,
      keys: createLocalJWKSet({ keys: [{ ...jwk, alg: 'ES256' }] }),
    });
  };
  const refused = async (...how: Parameters<typeof read>): Promise<void> => {
    const outcome = await read(...how).then(
      () => 'read',
      (error: unknown) => error,
    );
    expect(outcome).to.be.instanceOf(Error);
  };

  it('names the session and its citizen', async () => {
    expect(await read()).to.deep.equal({ sub: 'citizen', sid: 'session' });
  });

  it('may name one of the two', async () => {
    expect(await read({ sid: undefined })).to.deep.equal({ sub: 'citizen', sid: undefined });
    expect(await read({ sub: undefined })).to.deep.equal({ sub: undefined, sid: 'session' });
  });

  for (const [fault, changes] of [
    ['of another issuer', { iss: 'https://other.example.ma' }],
    ['for another portal', { aud: 'tax-portal' }],
    ['without a time', { iat: undefined }],
    ['without an end', { exp: undefined }],
    ['without a name of its own', { jti: undefined }],
    ['without events', { events: undefined }],
    ['of another event', { events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } }],
    ['whose event is no object', { events: { [EVENT]: true } }],
    ['whose events are a list', { events: [EVENT] }],
    ['with a nonce, as an ID token has', { nonce: 'nonce' }],
    ['that names nobody', { sub: undefined, sid: undefined }],
    ['whose sid is no text', { sid: 1 }],
  ] as const) {
    it(`${fault} is refused`, () => refused(changes));
  }

  it('past its end is refused, and one that is too old whatever its end', async () => {
    await refused({ iat: now() - 200, exp: now() - 60 });
    await refused({ iat: now() - 400, exp: now() + 60 });
  });

  it('of another type, or by another key, is refused', async () => {
    await refused({}, { typ: 'JWT' });
    await refused({}, { keys: generateKeyPair('ES256', { extractable: true }) });
  });
});
