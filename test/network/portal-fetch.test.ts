import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import { createPortalFetch, createPortalPost, fetchJsonBy } from '../../src/network/portal-fetch.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import { expectRefusal } from '../support/refusal.ts';

const lookup =
  (address: string): LookupFunction =>
  (_hostname, _options, done) =>
    done(null, [{ address, family: 4 }]);

describe('S29: addresses that a portal supplied', () => {
  let portal: PortalHost;
  before(async () => {
    portal = await startPortalHost();
    portal.answers.set('/jwks', { body: '{"keys":[]}' });
    portal.answers.set('/away', { status: 302, location: `https://${portal.host}/jwks`, body: '' });
    portal.answers.set('/large', { body: 'x'.repeat(128 * 1024 + 1) });
    portal.answers.set('/text', { body: 'keys' });
    portal.answers.set('/broken', { status: 500, body: '{}' });
  });
  after(() => portal.close());

  const listed = () => createPortalFetch({ hosts: [portal.host], authorities: portal.authority });

  it('are fetched from a host that the sandbox lists, under its CA', async () => {
    expect(await fetchJsonBy(listed())(`https://${portal.host}/jwks`)).to.deep.equal({ keys: [] });
  });

  for (const [fault, path, code] of [
    ['a redirect, wherever to', '/away', 'FETCH_REFUSED'],
    ['more than the limit', '/large', 'FETCH_TOO_LARGE'],
    ['what is not JSON', '/text', 'FETCH_FAILED'],
    ['another status than 200', '/broken', 'FETCH_FAILED'],
    ['nothing', '/absent', 'FETCH_FAILED'],
  ] as const) {
    it(`give nothing when they answer with ${fault}: ${code}`, async () => {
      await expectRefusal(() => fetchJsonBy(listed())(`https://${portal.host}${path}`), ServiceError, code);
    });
  }

  it('are fetched from no host whose certificate is under another CA', async () => {
    const untrusting = createPortalFetch({ hosts: [portal.host] });
    await expectRefusal(() => untrusting(`https://${portal.host}/jwks`), ServiceError, 'FETCH_FAILED');
  });

  it('are connected to nowhere on this machine unless listed', async () => {
    const before = portal.connections();
    const guarded = createPortalFetch({ hosts: [], authorities: portal.authority });
    const port = portal.host.split(':')[1];
    for (const address of [
      `https://${portal.host}/jwks`,
      `http://${portal.host}/jwks`,
      `https://127.0.0.1:${port}/jwks`,
      `https://[::1]:${port}/jwks`,
      `https://user@${portal.host}/jwks`,
      'https://127.0.0.1/jwks',
      'https://169.254.169.254/latest/meta-data',
      'https://[fd00::1]/',
      'https://portal.example.ma:8443/jwks',
      'http://portal.example.ma/jwks',
      'file:///etc/passwd',
      'ftp://portal.example.ma/jwks',
      'jwks',
    ]) {
      await expectRefusal(() => guarded(address), ServiceError, 'FETCH_REFUSED');
    }
    expect(portal.connections()).to.equal(before);
  });

  it('are connected to at no private address that their name resolves to', async () => {
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254']) {
      const guarded = createPortalFetch({ hosts: [portal.host] }, lookup(address));
      await expectRefusal(() => guarded('https://portal.example.ma/jwks'), ServiceError, 'FETCH_REFUSED');
    }
  });

  it('of a listed host are fetched on the port that is listed alone', async () => {
    await expectRefusal(() => listed()('https://localhost:1/jwks'), ServiceError, 'FETCH_REFUSED');
    await expectRefusal(() => listed()('https://localhost/jwks'), ServiceError, 'FETCH_REFUSED');
    await expectRefusal(() => listed()(`http://${portal.host}/jwks`), ServiceError, 'FETCH_REFUSED');
  });
});

describe('S29: notices of logout, to addresses that a portal supplied', () => {
  const FORM = new URLSearchParams({ logout_token: 'a.b.c' });
  let portal: PortalHost;
  before(async () => {
    portal = await startPortalHost();
    for (const status of [200, 204, 202, 400, 500]) portal.answers.set(`/${status}`, { status, body: '' });
    portal.answers.set('/away', { status: 307, location: `https://${portal.host}/200`, body: '' });
    portal.answers.set('/large', { body: 'x'.repeat(128 * 1024 + 1) });
  });
  after(() => portal.close());

  const listed = () => createPortalPost({ hosts: [portal.host], authorities: portal.authority });

  for (const status of [200, 204]) {
    it(`are taken by ${status}`, async () => {
      await listed()(`https://${portal.host}/${status}`, FORM);
      expect(String((await portal.posted(`/${status}`))[0])).to.equal(String(FORM));
    });
  }

  for (const [fault, path, code, status] of [
    ['another success', '/202', 'FETCH_FAILED', 202],
    ['a refusal', '/400', 'FETCH_FAILED', 400],
    ['a fault', '/500', 'FETCH_FAILED', 500],
    ['a redirect', '/away', 'FETCH_REFUSED', undefined],
    ['more than the limit', '/large', 'FETCH_TOO_LARGE', undefined],
  ] as const) {
    it(`are not taken by ${fault}: ${code}`, async () => {
      const error = await expectRefusal(() => listed()(`https://${portal.host}${path}`, FORM), ServiceError, code);
      expect(error.detail.status).to.equal(status);
    });
  }

  it('are sent nowhere on this machine, nor over http, unless listed', async () => {
    const before = portal.connections();
    const post = createPortalPost({ hosts: [], authorities: portal.authority });
    for (const address of [
      `https://${portal.host}/200`,
      `http://${portal.host}/200`,
      'https://127.0.0.1/200',
      'https://169.254.169.254/latest/meta-data',
      'http://portal.example.ma/logout',
      'file:///etc/passwd',
    ]) {
      await expectRefusal(() => post(address, FORM), ServiceError, 'FETCH_REFUSED');
    }
    // Over http to a listed host on loopback alone.
    const elsewhere = createPortalPost({ hosts: ['portal.example.ma:80'] }, lookup('127.0.0.1'));
    await expectRefusal(() => elsewhere('http://portal.example.ma/logout', FORM), ServiceError, 'FETCH_REFUSED');
    expect(portal.connections()).to.equal(before);
  });

  it('are sent over http to a listed host on loopback', async () => {
    const server = createServer((_request, response) => response.writeHead(204).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server's address is an object
    try {
      await createPortalPost({ hosts: [`localhost:${port}`] })(`http://localhost:${port}/logout`, FORM);
    } finally {
      server.close();
    }
  });
});
