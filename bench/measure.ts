/**
 * How every bench measures: two sides in one run, their windows interleaved A B A B after a warm-up, so that what the
 * machine does meanwhile meets both. What counts is the ratio; the absolute figures are those of this machine.
 */

export interface Pace {
  /** Both sides are run for so long, without counting, before anything is measured. */
  readonly warmUpSeconds: number;
  /**
   * Sign-ins that each process has served before it is measured: what is fast has had more of them in the same time, and
   * until then it is the compiler that is measured.
   */
  readonly warmUpSignIns: number;
  /** Counted windows of each side. */
  readonly windows: number;
  readonly windowSeconds: number;
  /** Shortened for a trial: the figures say little. */
  readonly quick: boolean;
}

export const PACE: Pace = { warmUpSeconds: 12, warmUpSignIns: 5_000, windows: 7, windowSeconds: 1, quick: false };
export const QUICK_PACE: Pace = { warmUpSeconds: 0.05, warmUpSignIns: 1, windows: 1, windowSeconds: 0.05, quick: true };

/** One line of the table. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** What ours is compared with, in the same unit. */
  readonly other: number;
  readonly ratio: number;
  /** The ratio may not be above it; where it `isLeast`, not below it. */
  readonly goal: number;
  readonly isLeast?: boolean;
}

/** Rows of cells, the head first: figures beside the goals. */
export type Figures = readonly (readonly string[])[];

export interface Bench {
  /** In one line, for the list of benches. */
  readonly title: string;
  /** @param tell shows figures to whoever reads tables */
  run(pace: Pace, tell: (figures: Figures) => void): Promise<readonly Comparison[]>;
}

/** Runs one window and returns what it cost. */
export type Window = () => Promise<number>;

/**
 * The medians of both sides. The ratio is the median of the ratios of neighbouring windows, because a machine that slows
 * down for a while slows down both neighbours.
 */
export async function compare(
  ours: Window,
  other: Window,
  { warmUpSeconds, windows }: Pace,
): Promise<Pick<Comparison, 'ours' | 'other' | 'ratio'>> {
  const warmUntil = performance.now() + warmUpSeconds * 1000;
  do {
    await ours();
    await other();
  } while (performance.now() < warmUntil);
  const pairs: { readonly ours: number; readonly other: number }[] = [];
  while (pairs.length < windows) pairs.push({ ours: await ours(), other: await other() });
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    other: median(pairs.map((pair) => pair.other)),
    ratio: median(pairs.map((pair) => pair.ours / pair.other)),
  };
}

/** Repeats `work` for one window. @returns milliseconds for each time, by the clock on the wall */
export async function timeEach(work: (turn: number) => unknown, { windowSeconds }: Pace): Promise<number> {
  const start = performance.now();
  const end = start + windowSeconds * 1000;
  let turns = 0;
  let now = start;
  while (now < end) {
    await work(turns++);
    now = performance.now();
  }
  return (now - start) / turns;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param part between 0 and 1, as 0.99 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place % 1);
}

/** One element of a list after the other, again and again. */
export function takeTurns<T>(items: readonly T[], turn: number): T {
  const item = items[turn % items.length];
  if (item === undefined) throw new TypeError('the list is empty');
  return item;
}
