/**
 * S30: management pages on the public port. Ours have a listener of their own; each public port answers 404 for every
 * address of management.
 */
import { expect } from 'chai';
import { send } from '../support/request.ts';
import { startTestService, type TestService } from '../support/service.ts';

const PATHS = [
  '/health',
  '/health/',
  '/health?all',
  '/health/live',
  '/metrics',
  '/management',
  '/management/health',
  '/console',
  '/console/',
  '/admin',
  '/actuator',
  '/actuator/health',
  '/trust',
  '/audit',
  '/debug',
  '/.env',
];

describe('S30: the public ports have no address of management', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  const issuerPort = (): number => Number(new URL(service.issuer).port);

  for (const path of PATHS) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      it(`the issuer answers 404 to ${method} ${path}`, async () => {
        for (const accept of ['text/html', 'application/json']) {
          expect(await send({ port: issuerPort(), path, method, headers: { accept } })).to.include({ status: 404 });
        }
      });
    }
    it(`the card host answers 404 to ${path}`, async () => {
      for (const servername of ['card.localhost', 'health.card.localhost', 'a.card.localhost']) {
        expect(await send({ port: service.cardPort, path, servername, headers: { host: servername } })).to.include({
          status: 404,
        });
      }
    });
  }

  it('the public answer to /healthz says that the service is alive, and no more', async () => {
    const { status, body } = await send({ port: issuerPort(), path: '/healthz' });
    expect({ status, body: JSON.parse(body) }).to.deep.equal({ status: 200, body: { status: 'ok' } });
  });
});
