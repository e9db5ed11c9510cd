/**
 * mod_auth_openidc from Debian: a portal that is a folder of files behind Apache.
 */
import { expect } from 'chai';
import { APACHE_PACKAGES, type Apache, startApache } from '../support/apache.ts';
import { expectWholeJourney, type Registered, registerClient } from '../support/client-application.ts';
import { freePorts } from '../support/free-ports.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { requireTools } from '../support/tools.ts';

describe('a portal behind mod_auth_openidc', () => {
  let service: TestService;
  let portal: Registered;
  let apache: Apache;
  before(async function () {
    requireTools(this, APACHE_PACKAGES);
    service = await startTestService();
    const [port] = await freePorts(1);
    portal = await registerClient(service, 'behind-apache', new URL(`http://localhost:${port}/`));
    apache = await startApache(portal);
  });
  after(async () => {
    await apache?.stop();
    await service?.dispose();
  });

  it('signs a citizen in with a card, reads a claim, and logs out', async () => {
    const page = await expectWholeJourney(service, portal, {
      login: '/private/',
      logout: `/callback?logout=${encodeURIComponent(portal.origin.href)}`,
      claims: '/callback?info=json',
      readClaims: ({ status, body }) => (status === 200 ? JSON.parse(body).userinfo : undefined),
    });
    expect(page.url.pathname).to.equal('/private/');
    expect(page.headers['x-given-name'], 'what the application behind the module sees').to.equal('Youssef');
  });
});
