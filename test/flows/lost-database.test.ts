/**
 * The whole service on a database that is killed in the middle of load and comes back: whoever asks meanwhile is told so,
 * nobody is signed in without a record, and the same service goes on.
 */
import { expect } from 'chai';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { type SignInOutcome, signInWithCard } from '../../src/demo/sign-in.ts';
import { type DatabaseServer, databaseServerNeeds, startDatabaseServer } from '../support/database-server.ts';
import { startTestService, type TestService } from '../support/service.ts';

const PARALLEL = 4;
const needs = databaseServerNeeds();

describe(`a database that is lost${needs === undefined ? '' : ` (needs ${needs})`}`, function () {
  this.timeout(60_000);
  let server: DatabaseServer;
  let service: TestService;

  before(async function () {
    if (needs !== undefined) return this.skip();
    server = await startDatabaseServer();
    service = await startTestService({ server: server.url });
  });

  after(async () => {
    await service?.dispose();
    await server?.stop();
  });

  const signIn = (): Promise<SignInOutcome> =>
    signInWithCard({ portal: service.portal, card: service.card('valid'), tlsRootPem: service.tlsRootPem });

  /** Signs in again and again, from the first outcome that is a refusal on no more. */
  async function signInUntilRefused(outcomes: SignInOutcome[], signedIn: () => void): Promise<void> {
    for (;;) {
      const outcome = await signIn();
      outcomes.push(outcome);
      if (!('claims' in outcome)) return;
      signedIn();
    }
  }

  it('costs those who sign in meanwhile an error, and nobody a record; then the same service goes on', async () => {
    const outcomes: SignInOutcome[] = [];
    let left = 2 * PARALLEL;
    await new Promise<void>((resolve, reject) => {
      const signedIn = (): void => {
        left -= 1;
        if (left === 0) server.kill().catch(reject);
      };
      const citizens = Array.from({ length: PARALLEL }, () => signInUntilRefused(outcomes, signedIn));
      Promise.all(citizens).then(() => resolve(), reject);
    });

    const meanwhile = await signIn().finally(() => server.restart());
    const refusals = outcomes.filter((outcome) => !('claims' in outcome));
    expect(refusals).to.have.length(PARALLEL);
    for (const refusal of refusals) expect(refusal).to.satisfy(isOurFault, JSON.stringify(refusal));
    expect(meanwhile).to.satisfy(isOurFault);
    let afterwards = await signIn();
    // Until the service has seen that the database is back.
    while (isOurFault(afterwards)) afterwards = await signIn();
    expect(afterwards).to.have.property('claims');

    const store = await service.openStore();
    const { sequence } = (await new AuditLog(store.audit, () => new Date()).verify()) ?? { sequence: 0 };
    const records = await store.audit.read(0, 10_000);
    await store.close();
    expect(sequence).to.equal(records.length);
    const signedIn = outcomes.length - refusals.length + 1;
    const ofType = (type: string): number => records.filter(({ event }) => event.type === type).length;
    expect(ofType('citizen.authenticated')).to.be.at.least(signedIn);
  });
});

/** The page of the service, or of the portal that got no answer to rely on: a fault of ours, and no word of the card. */
function isOurFault(outcome: SignInOutcome): boolean {
  if ('claims' in outcome) return false;
  const codes = ['STORE_UNAVAILABLE', 'AUDIT_UNAVAILABLE', 'temporarily_unavailable', 'server_error', 'invalid_answer'];
  return outcome.status >= 500 && codes.includes(outcome.code);
}
