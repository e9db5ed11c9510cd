/**
 * What the service holds after 50,000 sign-ins behind mutual TLS, as the operating system counts it: `thiqa serve` in a
 * process of its own.
 */
import { figuresOf, type LoadWindow, loadByTurns } from './load.ts';
import { type Bench, median } from './measure.ts';
import { withSides } from './sides.ts';

const SIGN_INS = 50_000;
const SIGN_INS_OF_A_TRIAL = 20;
const MOST_MEBIBYTES = 250;

export const bench: Bench = {
  title: 'resident memory of the service after 50,000 sign-ins with TLS (Linux)',
  run: (pace, tell) =>
    withSides('tls', pace, async ({ cards, served }) => {
      const service = await served('service', 1, cards);
      const wanted = pace.quick ? SIGN_INS_OF_A_TRIAL : SIGN_INS;
      const windows: LoadWindow[] = [];
      const reached: number[] = [];
      let done = 0;
      while (done < wanted) {
        const next = { ...pace, warmUpSeconds: 0, windows: 1, windowSeconds: pace.windowSeconds * 10 };
        const results = await loadByTurns([service], next);
        const [window] = results.get(service.name) ?? [];
        if (window === undefined) throw new TypeError('one window was asked for');
        windows.push(window);
        done += window.latencies.length;
        reached.push(window.residentMebibytes);
      }
      tell(figuresOf(new Map([[service.name, windows]]), service.name));
      tell([['resident, by windows', ...reached.map((mebibytes) => mebibytes.toFixed(0))]]);
      const third = Math.ceil(reached.length / 3);
      const [middle, last] = [median(reached.slice(third, 2 * third)), median(reached.slice(-third))];
      const before = Number.isNaN(middle) ? last : middle;
      return [
        { name: 'memory', unit: 'MiB', goal: 1, ours: last, other: MOST_MEBIBYTES, ratio: last / MOST_MEBIBYTES },
        // The last third of the sign-ins beside the one before.
        { name: 'memory-growth', unit: 'MiB', goal: 1.05, ours: last, other: before, ratio: last / before },
      ];
    }),
};
