import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import { linkRecord, verifyChain } from '../../src/audit/hash-chain.ts';
import { ServiceError } from '../../src/errors.ts';

const AT = new Date('2026-11-02T10:00:00.000Z');
const event = (clientId: string): AuditEvent => ({ type: 'portal.registered', clientId });

function chain(...clientIds: string[]): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const clientId of clientIds) records.push(linkRecord(records.at(-1), event(clientId), AT));
  return records;
}

function expectBroken(records: readonly AuditRecord[], sequence: number): void {
  let error: unknown;
  try {
    verifyChain(records);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).to.be.instanceOf(ServiceError).with.property('code', 'AUDIT_BROKEN');
  expect(error).to.have.deep.property('detail', { sequence });
}

describe('audit hash chain', () => {
  it('the first record follows 64 zeros, and its hash is SHA-256 of its canonical JSON', () => {
    const record = linkRecord(undefined, event('a'), AT);
    const zeros = '0'.repeat(64);
    const text =
      '{"at":"2026-11-02T10:00:00.000Z","event":{"clientId":"a","type":"portal.registered"},' +
      `"previousHash":"${zeros}","sequence":1}`;
    const hash = createHash('sha256').update(text).digest('hex');
    expect(record).to.deep.equal({ sequence: 1, at: AT, event: event('a'), previousHash: zeros, hash });
  });

  it('each further record counts on and names the hash before', () => {
    const [first, second] = chain('a', 'b');
    expect(second).to.include({ sequence: 2, previousHash: first?.hash });
  });

  it('the order of the members of an event does not matter', () => {
    const reordered: AuditEvent = { clientId: 'a', type: 'portal.registered' };
    expect(linkRecord(undefined, reordered, AT).hash).to.equal(linkRecord(undefined, event('a'), AT).hash);
  });

  it('an unbroken chain holds, whole or in parts, and its last record is returned', () => {
    const records = chain('a', 'b', 'c', 'd');
    expect(verifyChain(records)).to.equal(records[3]);
    const middle = verifyChain(records.slice(0, 2));
    expect(verifyChain(records.slice(2), middle)).to.equal(records[3]);
    expect(verifyChain([])).to.equal(undefined);
  });

  const tampered: Record<string, (record: AuditRecord) => AuditRecord> = {
    'the event': (record) => ({ ...record, event: event('x') }),
    'the time': (record) => ({ ...record, at: new Date(AT.getTime() + 1) }),
    'the time, to none': (record) => ({ ...record, at: new Date(Number.NaN) }),
    'the sequence': (record) => ({ ...record, sequence: 3 }),
    'the hash before': (record) => ({ ...record, previousHash: 'f'.repeat(64) }),
    'the hash': (record) => ({ ...record, hash: 'f'.repeat(64) }),
  };
  for (const [what, change] of Object.entries(tampered)) {
    it(`a change of ${what} breaks it`, () => {
      const records = chain('a', 'b', 'c');
      expectBroken(
        records.map((record) => (record.sequence === 2 ? change(record) : record)),
        2,
      );
    });
  }

  it('a record changed and hashed again breaks it at the next one', () => {
    const [first, , third] = chain('a', 'b', 'c');
    const forged = linkRecord(first, event('x'), AT);
    expectBroken(
      [first, forged, third].filter((record) => record !== undefined),
      3,
    );
  });

  it('a number left out breaks it, though every hash is right', () => {
    const [first] = chain('a');
    if (first === undefined) throw new TypeError('the chain has a record');
    const next = linkRecord({ ...first, sequence: 2 }, event('b'), AT);
    expect(next).to.include({ sequence: 3, previousHash: first.hash });
    expectBroken([first, next], 2);
  });

  it('a record removed, repeated or out of order breaks it', () => {
    const records = chain('a', 'b', 'c');
    const pick = (...indexes: number[]) => indexes.flatMap((index) => records[index] ?? []);
    expectBroken(pick(1, 2), 1);
    expectBroken(pick(0, 2), 2);
    expectBroken(pick(0, 0, 1), 2);
    expectBroken(pick(0, 2, 1), 2);
  });
});
