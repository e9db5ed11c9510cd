/**
 * Load on several servers by turns, and what each of them makes of it: sign-ins a second, latency, processor time.
 */
import { type BenchCard, type Destination, Journeys } from './journey.ts';
import { type Figures, median, type Pace, quantile, takeTurns } from './measure.ts';
import type { ServerProcess } from './processes.ts';

export interface Side {
  readonly name: string;
  readonly server: ServerProcess;
  readonly destination: Destination;
  readonly cards: readonly BenchCard[];
  /** Among which the sign-ins are divided; one unless told. */
  readonly processes?: number;
  /** Who sign in at the same time; eight for each process unless told. */
  readonly citizens?: number;
}

/** What one window of one side cost. */
export interface LoadWindow {
  readonly perSecond: number;
  readonly cpuMilliseconds: number;
  readonly latencies: readonly number[];
  readonly residentMebibytes: number;
}

/** Of each window of a side, in order; windows of one number stood next to each other. */
export type LoadResults = ReadonlyMap<string, readonly LoadWindow[]>;

export const CITIZENS_OF_A_PROCESS = 8;

/** Warms up every side for the time of the pace and until it has served enough, then measures their windows in turns: A B C A B C. */
export async function loadByTurns(sides: readonly Side[], pace: Pace): Promise<LoadResults> {
  const loads = sides.map((side) => ({ side, load: createLoad(side) }));
  const results = new Map<string, LoadWindow[]>(sides.map(({ name }) => [name, []]));
  try {
    for (const { side, load } of loads) {
      let left = pace.warmUpSignIns * (side.processes ?? 1);
      left -= (await load.run(pace.warmUpSeconds)).latencies.length;
      while (left > 0) left -= (await load.run(pace.windowSeconds)).latencies.length;
    }
    for (let turn = 0; turn < pace.windows; turn++) {
      for (const { side, load } of loads) results.get(side.name)?.push(await load.run(pace.windowSeconds));
    }
  } finally {
    for (const { load } of loads) load.close();
  }
  return results;
}

function createLoad({ server, destination, cards, processes = 1, citizens = CITIZENS_OF_A_PROCESS * processes }: Side) {
  const journeys = new Journeys(destination);
  let turn = 0;
  return {
    close: () => journeys.close(),
    async run(seconds: number): Promise<LoadWindow> {
      const latencies: number[] = [];
      const before = await server.usage();
      const start = performance.now();
      const end = start + seconds * 1000;
      const citizen = async (): Promise<void> => {
        let began = performance.now();
        do {
          await journeys.signIn(takeTurns(cards, turn++));
          const now = performance.now();
          latencies.push(now - began);
          began = now;
        } while (began < end);
      };
      await Promise.all(Array.from({ length: citizens }, citizen));
      const lasted = performance.now() - start;
      const after = await server.usage();
      return {
        perSecond: (latencies.length * 1000) / lasted,
        cpuMilliseconds: (after.cpuMilliseconds - before.cpuMilliseconds) / latencies.length,
        latencies,
        residentMebibytes: after.residentMebibytes,
      };
    },
  };
}

/** Medians of both sides, and the median of the ratios of neighbouring windows. */
export function compareWindows(
  results: LoadResults,
  [ours, other]: readonly [string, string],
  of: (window: LoadWindow) => number,
): { readonly ours: number; readonly other: number; readonly ratio: number } {
  const values = (name: string): number[] => (results.get(name) ?? []).map(of);
  const [left, right] = [values(ours), values(other)];
  return {
    ours: median(left),
    other: median(right),
    ratio: median(left.map((value, index) => value / (right[index] ?? Number.NaN))),
  };
}

/** The table of all variants. @param baseline the ratio of its rate is 1 */
export function figuresOf(results: LoadResults, baseline: string): Figures {
  const rows = [...results].map(([name, windows]) => {
    const latencies = windows.flatMap((window) => window.latencies);
    const rate = compareWindows(results, [name, baseline], ({ perSecond }) => perSecond);
    const cpu = compareWindows(results, [name, baseline], ({ cpuMilliseconds }) => cpuMilliseconds);
    return [
      name,
      rate.ours.toFixed(0),
      `${quantile(latencies, 0.5).toFixed(1)} ms`,
      `${quantile(latencies, 0.99).toFixed(1)} ms`,
      `${cpu.ours.toFixed(2)} ms`,
      rate.ratio.toFixed(2),
      cpu.ratio.toFixed(2),
      `${(windows.at(-1)?.residentMebibytes ?? Number.NaN).toFixed(0)} MiB`,
    ];
  });
  return [['variant', 'sign-ins/s', 'p50', 'p99', 'CPU per sign-in', 'rate ratio', 'CPU ratio', 'resident'], ...rows];
}
