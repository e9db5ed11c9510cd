/**
 * What all that the service does costs in sign-ins a second, TLS apart: against a provider that knows nothing of cards
 * and keeps nothing.
 */
import { compareWindows, figuresOf, type LoadWindow, loadByTurns } from './load.ts';
import type { Bench } from './measure.ts';
import { withSides } from './sides.ts';

export const bench: Bench = {
  title: 'whole card sign-ins, without TLS, against a bare provider with an in-memory store',
  run: (pace, tell) =>
    withSides('header', pace, async ({ cards, service, bareProvider }) => {
      const ours = await service('service, other cards', 'sqlite', cards);
      // The same process: what it remembers of one card is little, and the other cards do not drive it out.
      const repeat = { ...ours, name: 'service, same card', cards: cards.slice(0, 1) };
      const bare = await bareProvider('bare provider', cards);
      const windowSeconds = pace.windowSeconds * 2;
      const results = await loadByTurns([ours, bare, repeat], { ...pace, windowSeconds });
      tell(figuresOf(results, bare.name));
      const rate = (name: string) =>
        compareWindows(results, [name, bare.name], ({ perSecond }: LoadWindow) => perSecond);
      return [
        { name: 'sign-in-rate', unit: '/s', goal: 0.6, isLeast: true, ...rate(ours.name) },
        { name: 'sign-in-rate-repeat', unit: '/s', goal: 0.7, isLeast: true, ...rate(repeat.name) },
      ];
    }),
};
