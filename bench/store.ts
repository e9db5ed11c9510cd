/**
 * What the store costs: the processor time of a sign-in of the service on SQLite, and on a store in memory behind the
 * same ports. A further store is one more side.
 */
import { compareWindows, figuresOf, loadByTurns } from './load.ts';
import type { Bench } from './measure.ts';
import { withSides } from './sides.ts';

export const bench: Bench = {
  title: 'the processor time of a sign-in on SQLite, against a store in memory',
  run: (pace, tell) =>
    withSides('header', pace, async ({ cards, service }) => {
      const sqlite = await service('sqlite', 'sqlite', cards);
      const memory = await service('memory', 'memory', cards);
      const results = await loadByTurns([sqlite, memory], { ...pace, windowSeconds: pace.windowSeconds * 2 });
      tell(figuresOf(results, memory.name));
      const cpu = compareWindows(results, [sqlite.name, memory.name], ({ cpuMilliseconds }) => cpuMilliseconds);
      return [{ name: 'store-sqlite-cpu', unit: 'ms', goal: 1.4, ...cpu }];
    }),
};
