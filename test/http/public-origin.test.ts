import { expect } from 'chai';
import Koa from 'koa';
import { assumeOrigin } from '../../src/http/public-origin.ts';
import { get } from '../support/request.ts';

/** What a page would print as its own address, and what it would take for the client's. */
function originSeenBehind(issuer: string, headers: Readonly<Record<string, string>>, target = '/') {
  const app = new Koa();
  app.proxy = true;
  app.use(assumeOrigin(issuer));
  app.use((ctx) => {
    const { href, host, path, protocol, secure, headers: received } = ctx;
    ctx.body = { href, host, path, protocol, secure, headers: received };
  });
  return get(app, target, headers).then(({ body }) => JSON.parse(body) as Record<string, unknown>); // written four lines above
}

describe('the address of the service is that of its configuration', () => {
  const ISSUER = 'https://id.example.ma';

  it('whatever the request is sent to', async () => {
    expect(await originSeenBehind(ISSUER, {})).to.include({ host: 'id.example.ma', protocol: 'https', secure: true });
  });

  for (const [name, value] of Object.entries({
    Host: 'evil.example',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'gopher',
    'X-Forwarded-For': '203.0.113.9',
    'X-Forwarded-Prefix': '/evil.example',
    Forwarded: 'host=evil.example;proto=http;for=203.0.113.9',
  })) {
    it(`whatever ${name} says, which nobody behind sees`, async () => {
      const seen = await originSeenBehind(ISSUER, { [name]: value });
      expect(seen).to.include({ host: 'id.example.ma', protocol: 'https' });
      expect(JSON.stringify(seen)).to.not.include(value);
    });
  }

  for (const [target, path] of [
    ['http://evil.example/token?a=b', '/token?a=b'],
    ['HTTPS://evil.example:444//token', '//token'],
    ['gopher://evil.example', '/'],
    ['http://evil.example?a=b', '/?a=b'],
    ['http://evil.example/../token', '/../token'],
  ] as const) {
    it(`whatever the target ${target} says, of which the path stays as it is (RFC 9112 3.2.2)`, async () => {
      const seen = await originSeenBehind(ISSUER, {}, target);
      expect(seen).to.include({ host: 'id.example.ma', protocol: 'https', secure: true });
      expect([seen.href, seen.path]).to.deep.equal([`${ISSUER}${path}`, path.replace(/\?.*/, '')]);
    });
  }

  it('with its port, and in the clear where it is in the clear', async () => {
    expect(await originSeenBehind('http://localhost:4000', { 'X-Forwarded-Proto': 'https' })).to.include({
      host: 'localhost:4000',
      protocol: 'http',
      secure: false,
    });
  });
});
