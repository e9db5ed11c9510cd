/**
 * S29: portal-supplied addresses (CVE-2026-4874). The service asks a portal's host for its key set through the guarded fetch
 * alone: a host that the sandbox does not list gets no connection from this machine. `test/network/portal-fetch` has the rules.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { Citizen } from '../support/citizen.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import {
  generatePortalKey,
  type PortalKey,
  proofKey,
  RegistrationRefused,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('S29: addresses that a portal supplied', () => {
  let service: TestService;
  let listed: PortalHost;
  let unlisted: PortalHost;
  let key: PortalKey;
  before(async () => {
    [listed, unlisted, key] = [await startPortalHost(), await startPortalHost(), await generatePortalKey()];
    for (const host of [listed, unlisted]) {
      host.answers.set('/jwks', { body: JSON.stringify({ keys: [key.publicJwk] }) });
      host.answers.set('/away', { status: 302, location: `https://${unlisted.host}/jwks`, body: '' });
    }
    service = await startTestService({
      sandbox: { portalHosts: [listed.host], portalAuthority: listed.authorityFile },
    });
  });
  after(async () => {
    await service.dispose();
    await Promise.all([listed.close(), unlisted.close()]);
  });

  /** A portal whose keys are at an address; it signs its assertions. */
  const portalWith = (jwks_uri: string): Promise<TestRelyingParty> =>
    registerRelyingParty(service, {
      key,
      registration: { token_endpoint_auth_method: 'private_key_jwt', jwks: undefined, jwks_uri },
    });
  const push = (portal: TestRelyingParty) =>
    portal.post(portal.endpoint('pushed_authorization_request'), portal.requestParameters(proofKey().parameters));

  it('the key set of a listed host is fetched, and signs a citizen in', async () => {
    const portal = await portalWith(`https://${listed.host}/jwks`);
    const pkce = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    await portal.signIn(citizen, pkce.parameters, { redeemWith: { code_verifier: pkce.verifier } });
    // Kept for a minute: one sign-in asks once.
    expect(listed.requests).to.deep.equal(['/jwks']);
  });

  it('a key that has left the set by the time that it is read is no key', async () => {
    listed.answers.set('/rotated', { body: JSON.stringify({ keys: [key.publicJwk] }) });
    const portal = await portalWith(`https://${listed.host}/rotated`);
    listed.answers.set('/rotated', { body: JSON.stringify({ keys: [(await generatePortalKey()).publicJwk] }) });
    const { status, body } = await push(portal);
    expect([status, body.error]).to.deep.equal([401, 'invalid_client']);
  });

  for (const [fault, address] of [
    ['a host that is not listed', () => `https://${unlisted.host}/jwks`],
    ['a host that is not listed, by its number', () => `https://127.0.0.1:${unlisted.host.split(':')[1]}/jwks`],
    ['a redirect to a host that is not listed', () => `https://${listed.host}/away`],
  ] as const) {
    it(`${fault}: no connection, no portal`, async () => {
      const { status, body } = await push(await portalWith(address()));
      expect([status, body.error]).to.deep.equal([401, 'invalid_client']);
      expect(unlisted.connections()).to.equal(0);
    });
  }

  for (const [fault, address] of [
    ['a host that is not listed', () => `https://${unlisted.host}/logout`],
    ['a host that is not listed, over http', () => `http://${unlisted.host}/logout`],
    ['a redirect to a host that is not listed', () => `https://${listed.host}/away`],
  ] as const) {
    it(`a notice of logout to ${fault}: no connection`, async () => {
      const portal = await registerRelyingParty(service, {
        registration: { require_pkce: false, backchannel_logout_uri: address() },
      });
      const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
      await portal.signIn(citizen);
      await citizen.press(await citizen.send('GET', portal.endpoint('end_session')), 'sign-out');
      await refusedFor(portal);
      expect(unlisted.connections()).to.equal(0);
    });
  }

  /** The service has tried, and said in its log why it did not. */
  async function refusedFor({ clientId }: TestRelyingParty): Promise<void> {
    const isOf = (line: string): boolean => line.includes('"logout-notice"') && line.includes(`"${clientId}"`);
    for (;;) {
      const line = service.logText().split('\n').find(isOf);
      if (line !== undefined) {
        expect(line).to.include('"FETCH_REFUSED"');
        return;
      }
      await setImmediate();
    }
  }

  it('an address that is not https is refused at registration', async () => {
    for (const address of [`http://${unlisted.host}/jwks`, 'file:///etc/passwd', 'ldap://localhost/']) {
      const error = await portalWith(address).then(
        () => expect.fail('registered'),
        (reason: unknown) => reason,
      );
      expect(error)
        .to.be.instanceOf(RegistrationRefused)
        .and.to.deep.include({ paths: ['jwks_uri'] });
    }
    expect(unlisted.connections()).to.equal(0);
  });

  it('what is sent out of the service is sent by the guarded fetch: no other file can', () => {
    const src = new URL('../../src/', import.meta.url);
    const senders = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('demo/'))
      .filter((file) => {
        const code = readFileSync(new URL(file, src), 'utf8');
        // In `network`, a `fetch` that is called is the guarded one, as an argument.
        return (
          (!file.startsWith('network/') &&
            /(?<![.\w])fetch\s*\(/.test(code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))) ||
          /import \{[^}]*\b(?:request|get)\b[^}]*\} from 'node:https?'/.test(code)
        );
      });
    expect(senders).to.deep.equal(['network/guarded-fetch.ts']);
  });
});
