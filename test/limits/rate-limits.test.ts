import { createSecretKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ServiceError } from '../../src/errors.ts';
import { createRateLimits, type RateLimits } from '../../src/limits/rate-limits.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type TestAudit, type TestClock, testAudit, testClock } from '../support/ports.ts';

const LIMIT = { points: 3, seconds: 60 };
const KEY = createSecretKey(Buffer.alloc(32, 7));

describe('rate limits', () => {
  let directory: string;
  let store: Store;
  let audit: TestAudit;
  let time: TestClock;
  let limits: RateLimits;

  /** What a further process of the service has. */
  const process = (): RateLimits =>
    createRateLimits({
      perAddress: LIMIT,
      perClient: LIMIT,
      store: store.rateLimits,
      audit: audit.log,
      clock: time.clock,
      addressKey: KEY,
    });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-limits-'));
    store = await openSqliteStore({ directory });
    time = testClock();
    audit = testAudit(time.clock);
    limits = process();
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  /** How each of `times` counts ended. */
  async function outcomes(times: number, count: () => Promise<void>): Promise<string[]> {
    const ended: string[] = [];
    for (let number = 0; number < times; number++) ended.push(await outcomeOf(count));
    return ended;
  }
  async function outcomeOf(count: () => Promise<void> | void): Promise<string> {
    try {
      await count();
      return 'within';
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return error.code;
    }
  }
  const WITHIN = Array.from({ length: LIMIT.points }, () => 'within');

  it('allow an address its points, and not one more', async () => {
    expect(await outcomes(5, () => limits.countAddress('192.0.2.1'))).to.deep.equal([
      ...WITHIN,
      'TOO_MANY_REQUESTS',
      'TOO_MANY_REQUESTS',
    ]);
    expect(await outcomes(3, () => limits.countAddress('192.0.2.2'))).to.deep.equal(WITHIN);
  });

  it('say when to come back: at the end of the window, rounded up', async () => {
    await outcomes(1, () => limits.countAddress('192.0.2.1'));
    time.advance(20_500);
    await outcomes(2, () => limits.countAddress('192.0.2.1'));
    const refused = await limits.countAddress('192.0.2.1').catch((error: unknown) => error);
    expect(refused).to.have.property('detail').that.deep.equals({ retryAfterSeconds: 40 });
  });

  it('are one for all processes, and begin again after the window', async () => {
    const other = process();
    await outcomes(2, () => limits.countAddress('192.0.2.1'));
    expect(await outcomes(2, () => other.countAddress('192.0.2.1'))).to.deep.equal(['within', 'TOO_MANY_REQUESTS']);
    time.advance(59_999);
    expect(await outcomeOf(() => process().countAddress('192.0.2.1'))).to.equal('TOO_MANY_REQUESTS');
    time.advance(1);
    expect(await outcomeOf(() => process().countAddress('192.0.2.1'))).to.equal('within');
  });

  it('count the addresses of one IPv6 /64 together', async () => {
    let host = 0;
    expect(await outcomes(4, () => limits.countAddress(`2001:db8:0:1::${++host}`))).to.deep.equal([
      ...WITHIN,
      'TOO_MANY_REQUESTS',
    ]);
    expect(await outcomeOf(() => limits.countAddress('2001:db8:0:2::1'))).to.equal('within');
  });

  it('refuse a spent address before anything is done, without asking the store', async () => {
    expect(await outcomeOf(() => limits.refuseSpent('192.0.2.1'))).to.equal('within');
    await outcomes(3, () => limits.countAddress('192.0.2.1'));
    expect(await outcomeOf(() => limits.refuseSpent('192.0.2.1'))).to.equal('within');
    await outcomes(1, () => limits.countAddress('192.0.2.1'));
    await store.close();
    expect(await outcomeOf(() => limits.refuseSpent('192.0.2.1'))).to.equal('TOO_MANY_REQUESTS');
    expect(await outcomeOf(() => limits.refuseSpent('192.0.2.2'))).to.equal('within');
  });

  it('are recorded once a window, whoever counts, with a hash in place of the address', async () => {
    await outcomes(5, () => limits.countAddress('192.0.2.1'));
    await outcomes(2, () => process().countAddress('192.0.2.1'));
    const [first, ...others] = audit.events();
    expect(others).to.deep.equal([]);
    expect(first).to.have.property('type', 'address.limited');
    expect(first)
      .to.have.property('addressHash')
      .that.matches(/^[A-Za-z0-9_-]{43}$/);
    time.advance(60_000);
    await outcomes(4, () => process().countAddress('192.0.2.1'));
    expect(audit.events()).to.deep.equal([first, first]);
  });

  it('count a portal by its name, apart from every address', async () => {
    expect(await outcomes(4, () => limits.countClient('passport-renewal'))).to.deep.equal([
      ...WITHIN,
      'TOO_MANY_REQUESTS',
    ]);
    expect(audit.events()).to.deep.equal([{ type: 'portal.limited', clientId: 'passport-renewal' }]);
    expect(await outcomeOf(() => limits.countClient('taxes'))).to.equal('within');
    expect(await outcomeOf(() => limits.countAddress('192.0.2.1'))).to.equal('within');
  });

  it('that cannot be counted, or recorded, refuse', async () => {
    audit.fail();
    expect(await outcomes(4, () => limits.countAddress('192.0.2.1'))).to.deep.equal([...WITHIN, 'AUDIT_UNAVAILABLE']);
    await store.close();
    expect(await outcomeOf(() => limits.countAddress('192.0.2.2'))).to.equal('STORE_UNAVAILABLE');
  });
});
