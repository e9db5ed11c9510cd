import { expect } from 'chai';
import { CookieJar } from '../../src/demo/cookie-jar.ts';

const AT = new Date('2026-06-01T12:00:00Z');
const PAGE = new URL('http://localhost:4000/interaction/abc/present');

/** What goes to `url` after one response from PAGE that set these cookies. */
function sentTo(url: string, ...cookies: readonly string[]): string | undefined {
  const jar = new CookieJar();
  jar.store(PAGE, cookies, AT);
  return jar.headerFor(new URL(url), AT);
}

describe('RFC 6265: cookies of the sign-in client', () => {
  it('5.4: a cookie goes to its host, whatever the port, and to no other host', () => {
    expect(sentTo('http://localhost:4100/', 'a=1; Path=/')).to.equal('a=1');
    expect(sentTo('https://label.card.localhost:4443/', 'a=1; Path=/')).to.equal(undefined);
  });

  it('5.1.4: a path matches itself and what lies below it', () => {
    const cookie = 'a=1; path=/interaction/abc';
    expect(sentTo('http://localhost:4000/interaction/abc', cookie)).to.equal('a=1');
    expect(sentTo('http://localhost:4000/interaction/abc/consent', cookie)).to.equal('a=1');
    expect(sentTo('http://localhost:4000/interaction/abcd', cookie)).to.equal(undefined);
    expect(sentTo('http://localhost:4000/interaction', cookie)).to.equal(undefined);
  });

  it('5.1.4: without a path, the directory of the page is the path', () => {
    expect(sentTo('http://localhost:4000/interaction/abc/other', 'a=1')).to.equal('a=1');
    expect(sentTo('http://localhost:4000/interaction/other', 'a=1')).to.equal(undefined);
  });

  it('5.4: longer paths come first', () => {
    expect(sentTo(PAGE.href, 'a=short; path=/', 'a=long; path=/interaction')).to.equal('a=long; a=short');
  });

  it('5.3: the same name, host and path replace; a past expiry or no age removes', () => {
    expect(sentTo(PAGE.href, 'a=1; path=/', 'a=2; path=/')).to.equal('a=2');
    expect(sentTo(PAGE.href, 'a=1; path=/', 'a=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT')).to.equal(undefined);
    expect(sentTo(PAGE.href, 'a=1; path=/', 'a=; path=/; max-age=0')).to.equal(undefined);
    expect(sentTo(PAGE.href, 'a=1; path=/; max-age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT')).to.equal('a=1');
  });

  it('keeps the equals signs of a value', () => {
    expect(sentTo(PAGE.href, 'a=b==; path=/')).to.equal('a=b==');
  });
});
