/**
 * Signatures of cookies: in the form of Keygrip, by which koa and oidc-provider sign on their own.
 */
import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { CookieSignatures } from '../../src/oidc/cookie-signatures.ts';

const OLD = 'the key that signed until yesterday, of 40';
const NEW = 'the key that signs from today on, of 40 too';
const COOKIE = '_interaction=abc';

describe('cookie signatures', () => {
  it('are HMAC-SHA-1 of name=value, base64url', () => {
    const expected = createHmac('sha1', NEW).update(COOKIE).digest('base64url');
    expect(new CookieSignatures([NEW, OLD]).sign(COOKIE)).to.equal(expected);
  });

  it('of the newest key and of an older one verify, and say which', () => {
    const both = new CookieSignatures([NEW, OLD]);
    expect(both.index(COOKIE, new CookieSignatures([NEW]).sign(COOKIE))).to.equal(0);
    expect(both.index(COOKIE, new CookieSignatures([OLD]).sign(COOKIE))).to.equal(1);
  });

  it('of another key, of another value, or cut short, do not verify', () => {
    const ours = new CookieSignatures([NEW]);
    const signed = ours.sign(COOKIE);
    expect(ours.verify(COOKIE, signed)).to.equal(true);
    expect(ours.verify(COOKIE, new CookieSignatures([OLD]).sign(COOKIE))).to.equal(false);
    expect(ours.verify(`${COOKIE}d`, signed)).to.equal(false);
    expect(ours.verify(COOKIE, signed.slice(1))).to.equal(false);
    expect(ours.verify(COOKIE, '')).to.equal(false);
  });

  it('need a key', () => {
    expect(() => new CookieSignatures([])).to.throw(TypeError);
  });
});
