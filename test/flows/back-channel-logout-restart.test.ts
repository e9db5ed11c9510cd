/**
 * Notices of logout outlast the processes that wrote them, and any worker brings them.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Citizen } from '../support/citizen.ts';
import { runCommand } from '../support/command.ts';
import { type PortalHost, startPortalHost } from '../support/portal-host.ts';
import { registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { ServedService, type ServeProcess } from '../support/served-service.ts';

describe('notices of logout, and processes that die', function () {
  this.timeout(90_000);
  let host: PortalHost;
  let service: ServedService;
  let running: ServeProcess;
  let portal: TestRelyingParty;
  before(async () => {
    host = await startPortalHost();
    service = await ServedService.prepare({
      sandbox: { portalHosts: [host.host], portalAuthority: host.authorityFile },
    });
    running = await started();
    portal = await registerRelyingParty(
      { issuer: String(service.settings.issuer), directory: service.directory, tlsRootPem: service.tlsRootPem },
      {
        registration: {
          require_pkce: false,
          backchannel_logout_uri: `https://${host.host}/logout`,
          backchannel_logout_session_required: true,
        },
      },
    );
  });
  after(async () => {
    await service.dispose();
    await host.close();
  });

  async function started(): Promise<ServeProcess> {
    const process = service.serve();
    await process.logged('started');
    return process;
  }
  const citizen = () => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });

  it('a notice that no portal had taken when the service was killed is brought by the next', async () => {
    host.answers.set('/logout', { status: 503, body: '' });
    const one = citizen();
    const { claims } = await portal.signIn(one);
    await one.press(await one.send('GET', portal.endpoint('end_session')), 'sign-out');
    await host.posted('/logout');
    await running.logged('logout-notice');
    await running.end();
    host.answers.set('/logout', { status: 200, body: '' });
    running = await started();
    const [, again] = await host.posted('/logout', 2);
    expect(decodeJwt(again?.get('logout_token') ?? '')).to.include({ sub: claims.sub, sid: claims.sid });
  });

  it('so is one that was written and not even tried', async () => {
    const { claims } = await portal.signIn(citizen());
    await running.end();
    const tried = (await host.posted('/logout')).length;
    // By a process that brings none.
    const end = ['sessions', 'end', '--portal', portal.clientId, '--reason', 'incident'];
    const { code, stderr } = await runCommand([...end, '--config', join(service.directory, 'thiqa.yaml')]);
    expect(code, stderr).to.equal(0);
    running = await started();
    const forms = await host.posted('/logout', tried + 1);
    expect(decodeJwt(forms[tried]?.get('logout_token') ?? '')).to.have.property('sid', claims.sid);
  });

  it('a stop waits for no portal that hangs', async () => {
    host.answers.set('/logout', { body: '', hangs: true });
    const one = citizen();
    await portal.signIn(one);
    const tried = (await host.posted('/logout')).length;
    await one.press(await one.send('GET', portal.endpoint('end_session')), 'sign-out');
    await host.posted('/logout', tried + 1);
    running.signal('SIGTERM');
    expect(await running.ended).to.equal(0);
  });
});
