import { expect } from 'chai';
import Koa from 'koa';
import { assumeOrigin } from '../../src/http/public-origin.ts';
import { get } from '../support/request.ts';

/** What a page would print as its own address, and what it would take for the client's. */
function originSeenBehind(issuer: string, headers: Readonly<Record<string, string>>) {
  const app = new Koa();
  app.proxy = true;
  app.use(assumeOrigin(issuer));
  app.use((ctx) => {
    ctx.body = { host: ctx.host, protocol: ctx.protocol, secure: ctx.secure, headers: ctx.headers };
  });
  return get(app, '/', headers).then(({ body }) => JSON.parse(body) as Record<string, unknown>); // written four lines above
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

  it('with its port, and in the clear where it is in the clear', async () => {
    expect(await originSeenBehind('http://localhost:4000', { 'X-Forwarded-Proto': 'https' })).to.include({
      host: 'localhost:4000',
      protocol: 'http',
      secure: false,
    });
  });
});
