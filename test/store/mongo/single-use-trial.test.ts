/**
 * The trial at the start: a server on which two can win is refused (S26). The ports here are of a server in memory; one
 * of them finds first and updates afterwards, as some that speak the protocol of MongoDB do.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { Challenge } from '../../../src/authentication/challenge.ts';
import { ServiceError } from '../../../src/errors.ts';
import { trySingleUse } from '../../../src/store/mongo/single-use-trial.ts';
import { memoryProtocol } from '../../support/ports.ts';
import { expectRefusal } from '../../support/refusal.ts';

/** @param between what happens between the look and the change */
function challengesWith(between: () => Promise<unknown> | undefined) {
  const kept = new Map<string, Challenge>();
  return {
    put: async (challenge: Challenge) => void kept.set(challenge.id, challenge),
    async take(id: string) {
      const found = kept.get(id);
      const pause = between();
      if (pause !== undefined) await pause;
      kept.delete(id);
      return found;
    },
  };
}

const SERVER = 'a server in memory';

const atOnce = () => challengesWith(() => undefined);

describe('the trial of single use', () => {
  it('accepts a server on which one caller wins, and leaves nothing there', async () => {
    const protocol = memoryProtocol();
    const ids: string[] = [];
    const put = protocol.put.bind(protocol);
    protocol.put = async (record) => {
      ids.push(record.id);
      await put(record);
    };
    const challenges = atOnce();
    expect(await trySingleUse(() => ({ protocol, challenges }), SERVER)).to.deep.equal(ids);
    expect(ids).to.have.length.above(1);
    for (const id of ids) expect(await protocol.find('SingleUseTrial', { id }, new Date(0))).to.equal(undefined);
  });

  it('refuses a server that lets several redeem one code', async () => {
    const protocol = memoryProtocol();
    const consume = protocol.consume.bind(protocol);
    let isFirst = true;
    protocol.consume = async (model, id, at) => {
      const won = await consume(model, id, at);
      if (won || !isFirst) return won;
      isFirst = false; // one further winner is enough
      return true;
    };
    const challenges = atOnce();
    await refused(
      trySingleUse(() => ({ protocol, challenges }), SERVER),
      { consumed: [2, 1], taken: [1, 1] },
    );
  });

  it('refuses a server that lets several take one challenge', async () => {
    const challenges = challengesWith(() => setImmediate());
    const protocol = memoryProtocol();
    await refused(
      trySingleUse(() => ({ protocol, challenges }), SERVER),
      { consumed: [1, 1], taken: [20, 20] },
    );
  });
});

async function refused(trial: Promise<unknown>, detail: object): Promise<void> {
  const error = await expectRefusal(() => trial, ServiceError, 'STORE_SINGLE_USE_BROKEN');
  expect(error.detail).to.deep.include(detail);
}
