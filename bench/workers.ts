/**
 * What a second worker costs: the processor time of a sign-in, of all processes of the service together. Each process has
 * as many citizens, because a second worker is there for twice as many; the table also has those of one process divided
 * among two workers, who then share fewer commits.
 */
import { CITIZENS_OF_A_PROCESS, compareWindows, figuresOf, loadByTurns } from './load.ts';
import type { Bench } from './measure.ts';
import { withSides } from './sides.ts';

export const bench: Bench = {
  title: 'the processor time of a sign-in with two workers, against one process (Linux)',
  run: (pace, tell) =>
    withSides('header', pace, async ({ cards, served }) => {
      const two = await served('two workers', 2, cards);
      const one = await served('one process', 1, cards);
      // The operating system counts in hundredths of a second.
      const divided = { ...two, name: 'two workers, citizens of one', citizens: CITIZENS_OF_A_PROCESS };
      const results = await loadByTurns([two, one, divided], { ...pace, windowSeconds: pace.windowSeconds * 4 });
      tell(figuresOf(results, one.name));
      const cpu = compareWindows(results, [two.name, one.name], ({ cpuMilliseconds }) => cpuMilliseconds);
      return [{ name: 'workers-cpu', unit: 'ms', goal: 1.25, ...cpu }];
    }),
};
