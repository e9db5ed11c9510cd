import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import { createPortalFetch, fetchJsonBy } from '../../src/network/portal-fetch.ts';
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
