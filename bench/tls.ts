/**
 * The whole with TLS in it: a new mutual handshake for each sign-in, by cards that all differ. On the other side OpenSSL
 * verifies the card's path in the handshake; here the path is the service's to validate, with everything else.
 */
import { compareWindows, figuresOf, loadByTurns } from './load.ts';
import { type Bench, median } from './measure.ts';
import { withSides } from './sides.ts';

export const bench: Bench = {
  title: 'whole card sign-ins with a mutual TLS handshake each, against a bare provider behind one',
  run: (pace, tell) =>
    withSides('tls', pace, async ({ cards, service, bareProvider }) => {
      const ours = await service('service', 'sqlite', cards);
      const bare = await bareProvider('bare provider', cards);
      const results = await loadByTurns([ours, bare], { ...pace, windowSeconds: pace.windowSeconds * 2 });
      tell(figuresOf(results, bare.name));
      const cpu = compareWindows(results, [ours.name, bare.name], ({ cpuMilliseconds }) => cpuMilliseconds);
      const memory = (results.get(ours.name) ?? []).map(({ residentMebibytes }) => residentMebibytes);
      const half = Math.ceil(memory.length / 2);
      const [first, last] = [median(memory.slice(0, half)), median(memory.slice(-half))];
      return [
        { name: 'tls-cpu', unit: 'ms', goal: 1, ...cpu },
        // Beside itself: the later windows and the earlier ones.
        { name: 'tls-memory-growth', unit: 'MiB', goal: 1.1, ours: last, other: first, ratio: last / first },
      ];
    }),
};
