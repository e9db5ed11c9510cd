/**
 * What happens when the service lacks what it needs: nobody is signed in, and nobody is told something untrue of a card.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { refreshCrls } from '../../src/demo/cards.ts';
import { type SignInOutcome, signInWithCard } from '../../src/demo/sign-in.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('when the service lacks what it needs', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await startTestService();
  });
  afterEach(() => service.dispose());

  const signIn = (): Promise<SignInOutcome> =>
    signInWithCard({ portal: service.portal, card: service.card('valid'), tlsRootPem: service.tlsRootPem });
  const crlPath = (): string => service.demonstration.issuing.crlPath;
  const TEMPORARILY = { status: 503, title: 'Temporarily unavailable' };

  it('signs nobody in without the CRL, and does so again when it is back', async () => {
    const crl = readFileSync(crlPath());
    rmSync(crlPath());
    expect(await signIn()).to.deep.equal({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
    expect((await service.auditRecords()).at(-1)?.event).to.deep.include({
      type: 'citizen.refused',
      code: 'REVOCATION_UNAVAILABLE',
    });
    writeFileSync(crlPath(), crl);
    expect(await signIn()).to.have.property('claims');
  });

  it('signs nobody in without the CRL of the CA above', async () => {
    rmSync(service.demonstration.root.crlPath);
    expect(await signIn()).to.include({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
  });

  it('signs nobody in on a CRL that is past its next update', async () => {
    service.advance(366 * 86_400);
    expect(await signIn()).to.include({ code: 'REVOCATION_STALE', ...TEMPORARILY });
  });

  it('keeps the good CRL when its file is cut off', async () => {
    writeFileSync(crlPath(), readFileSync(crlPath()).subarray(0, 200));
    expect(await signIn()).to.have.property('claims');
  });

  it('takes a newer CRL of the file at once', async () => {
    await signIn();
    await refreshCrls(service.directory, new Date());
    const before = (await service.auditRecords()).at(-1);
    expect(await signIn()).to.have.property('claims');
    const after = (await service.auditRecords()).findLast(({ event }) => event.type === 'citizen.authenticated');
    expect(after?.sequence).to.be.greaterThan(before?.sequence ?? 0);
  });

  it('signs nobody in when the record cannot be written', async function () {
    // It locks out the service from a file of SQLite; how MongoDB is lost is in test/store/mongo.
    if (process.env.THIQA_STORE !== undefined) this.skip();
    const audit = new DatabaseSync(join(service.directory, 'store', 'audit.sqlite'));
    audit.exec('ALTER TABLE audit RENAME TO lost');
    expect(await signIn()).to.include({ code: 'AUDIT_UNAVAILABLE', status: 503 });
    audit.exec('ALTER TABLE lost RENAME TO audit');
    audit.close();
    expect(await signIn()).to.have.property('claims');
  });
});
