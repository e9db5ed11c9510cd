/**
 * Whether a sign-in costs more once many have signed in: the processor time in the process of the service with ten
 * million subjects, each with a consent and a record of a sign-in, and ten million audit records in its SQLite store.
 *
 * What lives for minutes, such as codes and interactions, grows with the rate of sign-ins and is not filled in. The
 * folder for temporary files needs room for some 25 GB.
 */
import { fillStore, readSample } from './grown-store.ts';
import { compareWindows, figuresOf, loadByTurns } from './load.ts';
import { type Bench, QUICK_PACE } from './measure.ts';
import { withSides } from './sides.ts';

const FEW = 1_000;
const MANY = 10_000_000;
const MANY_OF_A_TRIAL = 10_000;

export const bench: Bench = {
  title: 'the processor time of a sign-in with 10 million subjects and audit records in the store, against 1,000',
  run: (pace, tell) =>
    withSides('header', pace, async ({ cards, service, storeDirectory }) => {
      const sampled = await service('sample', 'sqlite', cards);
      await loadByTurns([sampled], QUICK_PACE);
      const sample = readSample(storeDirectory(sampled.name));
      const counts = { many: pace.quick ? MANY_OF_A_TRIAL : MANY, few: FEW };
      const sides = [];
      for (const [name, count] of Object.entries(counts)) {
        const start = performance.now();
        await fillStore(storeDirectory(name), count, sample);
        tell([[`${count} filled in`, `${((performance.now() - start) / 1000).toFixed(0)} s`]]);
        sides.push(await service(name, 'sqlite', cards));
      }
      const results = await loadByTurns(sides, { ...pace, windowSeconds: pace.windowSeconds * 2 });
      tell(figuresOf(results, 'few'));
      const cpu = compareWindows(results, ['many', 'few'], ({ cpuMilliseconds }) => cpuMilliseconds);
      return [{ name: 'grown-cpu', unit: 'ms', goal: 1.1, ...cpu }];
    }),
};
