/**
 * S27: path tricks past the proxy (CVE-2026-0976). A proxy that keeps the public away from a path compares texts; the
 * service behind it must not find the page under another text. Here no public port has such a page, under any text.
 */
import { expect } from 'chai';
import { send } from '../support/request.ts';
import { startTestService, type TestService } from '../support/service.ts';

const TRICKS: readonly ((page: string) => string)[] = [
  (page) => `/${page};x/`,
  (page) => `/${page};jsessionid=1`,
  (page) => `/;x/${page}`,
  (page) => `/%2e/${page}`,
  (page) => `/./${page}`,
  (page) => `//${page}`,
  (page) => `///${page}`,
  (page) => `/x/../${page}`,
  (page) => `/x/%2e%2e/${page}`,
  (page) => `/x/..;/${page}`,
  (page) => `/x/..%2f${page}`,
  (page) => `/assets/..%2f${page}`,
  (page) => `/auth/../${page}`,
  (page) => `/.well-known/../${page}`,
  (page) => `/%2f${page}`,
  (page) => `/\\${page}`,
  (page) => `/%5c${page}`,
  (page) => `/${page}%00`,
  (page) => `/${page}%20`,
  (page) => `/${page}.`,
  (page) => `/${page}%2f`,
  (page) => `/${page}/%2e`,
  (page) => `/${page}%3b`,
  (page) => `/${page}%23x`,
  (page) => `/${page.toUpperCase()}`,
  (page) => `/%${page.charCodeAt(0).toString(16)}${page.slice(1)}`,
  (page) => `/%25${page.charCodeAt(0).toString(16)}${page.slice(1)}`,
  (page) => `http://localhost/${page}`,
  (page) => `http://elsewhere.example/${page}`,
];

describe('S27: no trick with a path finds a page that the public must not see', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  const servername = 'a.card.localhost';
  for (const page of ['console', 'health', 'metrics', 'management']) {
    for (const trick of TRICKS) {
      const path = trick(page);
      it(`${path} is not found on the issuer, nor on the card host`, async () => {
        const port = Number(new URL(service.issuer).port);
        const answers = [
          await send({ port, path, headers: { accept: 'text/html' } }),
          await send({ port, path, headers: { accept: 'application/json' } }),
          await send({ port: service.cardPort, path, servername, headers: { host: servername } }),
        ];
        for (const { status, headers } of answers) {
          expect(status).to.equal(404);
          expect(headers).not.to.have.property('location');
        }
      });
    }
  }

  it('the trick does not hide a page that the public may see from its own address', async () => {
    const port = Number(new URL(service.issuer).port);
    expect(await send({ port, path: '/healthz' })).to.include({ status: 200 });
  });
});
