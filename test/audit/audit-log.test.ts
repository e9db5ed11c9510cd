import { expect } from 'chai';
import { AuditLog, type AuditStore } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import { ServiceError } from '../../src/errors.ts';

const AT = new Date('2026-11-02T10:00:00.000Z');
const EVENT: AuditEvent = { type: 'portal.registered', clientId: 'a' };

function memoryStore(records: AuditRecord[] = []): AuditStore {
  return {
    async append(link) {
      const record = link(records.at(-1));
      records.push(record);
      return record;
    },
    read: async (after, limit) => records.filter(({ sequence }) => sequence > after).slice(0, limit),
  };
}

/** A store that fails with `error`, whatever it is asked. */
function failingStore(error: unknown): AuditStore {
  const fail = () => Promise.reject(error);
  return { append: fail, read: fail };
}

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('AuditLog', () => {
  it('append returns the record, with the time of the clock', async () => {
    const record = await new AuditLog(memoryStore(), () => AT).append(EVENT);
    expect(record).to.include({ sequence: 1, at: AT, event: EVENT });
  });

  it('verify reads the chain to its end, over many pages', async () => {
    const log = new AuditLog(memoryStore(), () => AT);
    expect(await log.verify()).to.equal(undefined);
    for (let count = 0; count < 1001; count++) await log.append(EVENT);
    expect(await log.verify()).to.have.property('sequence', 1001);
  });

  it('verify refuses a broken chain', async () => {
    const records: AuditRecord[] = [];
    const log = new AuditLog(memoryStore(records), () => AT);
    await log.append(EVENT);
    records.push({ ...(await log.append(EVENT)), sequence: 3 });
    expect(await refusal(log.verify()))
      .to.be.instanceOf(ServiceError)
      .with.property('code', 'AUDIT_BROKEN');
  });

  it('whatever the store throws is AUDIT_UNAVAILABLE, with its cause', async () => {
    for (const error of [new Error('disk'), new ServiceError('STORE_UNAVAILABLE', 'no'), 'text']) {
      const log = new AuditLog(failingStore(error), () => AT);
      for (const promise of [log.append(EVENT), log.verify()]) {
        const refused = await refusal(promise);
        expect(refused).to.be.instanceOf(ServiceError).with.property('code', 'AUDIT_UNAVAILABLE');
        expect(refused).to.have.property('cause', error);
      }
    }
  });

  it('an event that cannot stand in JSON is not appended', async () => {
    const log = new AuditLog(memoryStore(), () => AT);
    const refused = await refusal(log.append({ type: 'portal.registered', clientId: '\ud800' }));
    expect(refused).to.be.instanceOf(ServiceError).with.property('code', 'AUDIT_UNAVAILABLE');
    expect(await log.verify()).to.equal(undefined);
  });
});
