import { expect } from 'chai';
import { ServiceError } from '../src/errors.ts';
import { type HttpsService, startHttpsService } from './support/https-service.ts';
import { thrownBy } from './support/refusal.ts';

describe('a service that stops', function () {
  this.timeout(30_000);
  let running: HttpsService;

  beforeEach(async () => {
    running = await startHttpsService();
  });

  const isClosed = async (): Promise<void> => {
    const { issuerServer, cardServer, store } = running.service;
    expect([issuerServer.listening, cardServer.listening]).to.deep.equal([false, false]);
    expect(await thrownBy(() => store.portals.find('nobody'))).to.be.instanceOf(Error);
  };

  it('closes everything', async () => {
    await running.dispose();
    await isClosed();
  });

  it('closes everything when its end cannot be recorded, and says so', async () => {
    const lost = new ServiceError('AUDIT_UNAVAILABLE', 'the record is not durable');
    Object.assign(running.service.store.audit, { append: () => Promise.reject(lost) });
    expect(await thrownBy(() => running.dispose())).to.equal(lost);
    await isClosed();
  });
});
