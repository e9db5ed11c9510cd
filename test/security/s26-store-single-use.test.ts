/**
 * S26, the store's half: of 20 parallel redemptions of one code or refresh token, exactly one wins.
 */
import { expect } from 'chai';
import { STORE_FACTORIES } from '../store/factories.ts';
import { code, NOW } from '../store/records.ts';

const ROUNDS = 25;
const PARALLEL = 20;

describe('S26: races on codes and refresh tokens, in the store', () => {
  for (const factory of STORE_FACTORIES) {
    if (factory.needs !== undefined) {
      it(`${factory.name} needs ${factory.needs}`); // pending, by name
      continue;
    }
    for (const model of ['AuthorizationCode', 'RefreshToken', 'PushedAuthorizationRequest', 'DeviceCode']) {
      it(`${factory.name}: of ${PARALLEL} who read one ${model} and then consume it, one wins, ${ROUNDS} times of ${ROUNDS}`, async () => {
        const place = await factory.newPlace();
        const handles = await Promise.all(Array.from({ length: 4 }, () => factory.open(place)));
        const winners: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const id = `record-${round}`;
          await handles[0]?.protocol.put({ ...code(id), model });
          const attempts = Array.from({ length: PARALLEL }, async (_, number) => {
            const store = handles[number % handles.length]?.protocol;
            const found = await store?.find(model, { id }, NOW);
            return found !== undefined && (await store?.consume(model, id, NOW)) === true;
          });
          winners.push((await Promise.all(attempts)).filter(Boolean).length);
        }
        await Promise.all(handles.map((handle) => handle.close()));
        await factory.discard(place);
        expect(winners).to.deep.equal(Array.from({ length: ROUNDS }, () => 1));
      });
    }
  }
});
