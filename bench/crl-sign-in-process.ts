/**
 * Sign-ins beside a large CRL, in a process that holds what the service holds. Arguments: a folder, and the pace as JSON.
 * Prints the comparisons as JSON.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueCrl } from '../src/demo/authority.ts';
import { createBenchAuthority } from './authority.ts';
import { compareReload, compareSignInCost } from './crl-sign-in.ts';
import { entriesOf, writeLargeCrl } from './large-crl.ts';
import type { Comparison, Pace } from './measure.ts';
import { openSignInService } from './sign-in-service.ts';

/** More than the service remembers, so that each card is new to it when its turn comes again. */
const CARDS = 2_000;

const [folder = '', pace = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await compareSignIns(folder, JSON.parse(pace))));

async function compareSignIns(folder: string, pace: Pace): Promise<readonly Comparison[]> {
  const at = new Date();
  const authority = createBenchAuthority('P-384', CARDS, at);
  const largeCrl = join(folder, 'held.crl');
  await writeFile(largeCrl, writeLargeCrl(authority.issuing, entriesOf(pace), at).der);
  const dates = { thisUpdate: at, nextUpdate: new Date(at.getTime() + 86_400_000), number: 1 };
  const emptyCrl = join(folder, 'empty.crl');
  await writeFile(emptyCrl, issueCrl(authority.issuing, [], dates));
  // Each a file of its own, so that one in the place of the other is a change.
  const files = [join(folder, 'first.crl'), join(folder, 'second.crl')] as const;
  for (const delivered of files) await copyFile(largeCrl, delivered);
  const withLarge = await openSignInService(join(folder, 'with-large'), authority, largeCrl, at);
  const withEmpty = await openSignInService(join(folder, 'with-empty'), authority, emptyCrl, at);
  try {
    return [
      await compareReload(withLarge, { crl: largeCrl, files }, pace),
      await compareSignInCost(withLarge, withEmpty, pace),
    ];
  } finally {
    await withLarge.close();
    await withEmpty.close();
  }
}
