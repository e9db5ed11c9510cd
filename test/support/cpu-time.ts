/**
 * What a computation costs this thread's processor: other processes, however busy, and other threads do not count.
 */

const RUNS = 4;

export interface Measured<T> {
  readonly result: T;
  readonly cpuMilliseconds: number;
}

/**
 * The cheapest of several runs, so that neither a compiler that warms up nor a collection of garbage counts.
 * @param prepare gives each run a question that was never asked: answers are remembered
 */
export function measureCpu<Q, T>(prepare: () => Q, run: (question: Q) => T): Measured<T> {
  const measured = Array.from({ length: RUNS }, () => {
    const question = prepare();
    const before = process.threadCpuUsage();
    const result = run(question);
    const { user, system } = process.threadCpuUsage(before);
    return { result, cpuMilliseconds: (user + system) / 1000 };
  });
  return measured.reduce((best, next) => (next.cpuMilliseconds < best.cpuMilliseconds ? next : best));
}
