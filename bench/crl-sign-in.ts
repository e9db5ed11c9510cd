/**
 * What a large CRL does to those who sign in: while it is held, and while a newer one takes its place.
 */
import { link, rename } from 'node:fs/promises';
import { type Comparison, compare, type Pace, quantile } from './measure.ts';
import type { SignInService } from './sign-in-service.ts';

/** The processor time of a sign-in, all threads together: what the clock on the wall adds is the disk's. */
export async function compareSignInCost(
  withLarge: SignInService,
  withEmpty: SignInService,
  pace: Pace,
): Promise<Comparison> {
  const window = (service: SignInService) => {
    let turn = 0;
    return async (): Promise<number> => {
      const end = performance.now() + pace.windowSeconds * 1000;
      const before = process.cpuUsage();
      const first = turn;
      while (performance.now() < end) await service.signIn(turn++);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000 / (turn - first);
    };
  };
  const measured = await compare(window(withLarge), window(withEmpty), pace);
  return { name: 'crl-sign-in-cost', unit: 'ms', goal: 1.05, ...measured };
}

/** The place of the CRL, and what is delivered there in turns: files of the same list. */
export interface Delivery {
  readonly crl: string;
  readonly files: readonly [string, string];
}

/** The 99th percentile of the time that a sign-in takes, during a reload and right after it for as long. */
export async function compareReload(service: SignInService, { crl, files }: Delivery, pace: Pace): Promise<Comparison> {
  let turn = 0;
  let deliveries = 0;
  let reloadMilliseconds = 0;
  const signInUntil = async (isOver: () => boolean): Promise<number> => {
    const milliseconds: number[] = [];
    do {
      const start = performance.now();
      await service.signIn(turn++);
      milliseconds.push(performance.now() - start);
    } while (!isOver());
    return quantile(milliseconds, 0.99);
  };

  const during = async (): Promise<number> => {
    let isReplaced = false;
    const replaced = service.crlReplaced().then(() => {
      isReplaced = true;
    });
    const start = performance.now();
    // As whoever delivers CRLs should do it: a whole file takes the place of the old one.
    await link(files[deliveries++ % 2] ?? '', `${crl}.new`);
    await rename(`${crl}.new`, crl);
    const latency = await signInUntil(() => isReplaced);
    await replaced;
    reloadMilliseconds = performance.now() - start;
    return latency;
  };
  const normal = (): Promise<number> => {
    const end = performance.now() + reloadMilliseconds;
    return signInUntil(() => performance.now() >= end);
  };
  return { name: 'crl-reload-p99', unit: 'ms', goal: 1.5, ...(await compare(during, normal, pace)) };
}
