import { expect } from 'chai';
import { Reachability } from '../../../src/store/mongo/reachability.ts';

const LOSS = new Error('no server');

/** A database that answers a probe when the test says so. */
function probed() {
  const probes: PromiseWithResolvers<void>[] = [];
  const probe = (): Promise<void> => {
    const asked = Promise.withResolvers<void>();
    probes.push(asked);
    return asked.promise;
  };
  return { probes, reachability: new Reachability(probe, async () => undefined) };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('whether the database can be reached', () => {
  it('is not doubted before a loss', () => {
    const { reachability, probes } = probed();
    expect(reachability.loss).to.equal(undefined);
    expect(probes).to.have.length(0);
  });

  it('is known after a loss, until a probe has an answer', async () => {
    const { reachability, probes } = probed();
    reachability.noteLoss(LOSS);
    expect(reachability.loss).to.equal(LOSS);
    for (const round of [0, 1, 2]) {
      probes[round]?.reject(LOSS);
      await turn();
      expect(reachability.loss).to.equal(LOSS);
    }
    probes[3]?.resolve();
    await turn();
    expect(reachability.loss).to.equal(undefined);
    expect(probes).to.have.length(4);
  });

  it('is asked by one probe, however many find the loss', async () => {
    const { reachability, probes } = probed();
    reachability.noteLoss(LOSS);
    reachability.noteLoss(new Error('no server either'));
    await turn();
    expect(probes).to.have.length(1);
    expect(reachability.loss).to.equal(LOSS);
  });

  it('is asked again at the next loss', async () => {
    const { reachability, probes } = probed();
    reachability.noteLoss(LOSS);
    probes[0]?.resolve();
    await turn();
    reachability.noteLoss(LOSS);
    expect(reachability.loss).to.equal(LOSS);
    expect(probes).to.have.length(2);
  });

  it('is asked no more once the store is closed', async () => {
    const { reachability, probes } = probed();
    reachability.noteLoss(LOSS);
    reachability.end();
    probes[0]?.reject(LOSS);
    await turn();
    reachability.noteLoss(LOSS);
    expect(probes).to.have.length(1);
  });
});
