/**
 * A CRL of millions of entries: reading it, looking into it, and what it does to those who sign in. The list is made
 * here, in a temporary folder that is removed afterwards.
 */
import { rmSync } from 'node:fs';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCrl } from '../src/demo/authority.ts';
import { encodePem } from '../src/demo/pem.ts';
import { type BenchAuthority, createBenchAuthority } from './authority.ts';
import { compareLookUp } from './crl-look-up.ts';
import { compareReading } from './crl-reading.ts';
import { compareReload, compareSignInCost } from './crl-sign-in.ts';
import { writeLargeCrl } from './large-crl.ts';
import type { Bench, Comparison, Pace } from './measure.ts';
import { openSignInService } from './sign-in-service.ts';

const ENTRIES = 3_000_000;
const QUICK_ENTRIES = 100_000;
/** More than the service remembers, so that each card is new to it when its turn comes again. */
const CARDS = 2_000;

export const bench: Bench = {
  title: 'a CRL of 3 million entries: reading against openssl, look-up, sign-ins beside it',
  async run(pace) {
    const folder = await mkdtemp(join(tmpdir(), 'thiqa-bench-'));
    // Hundreds of megabytes: not left behind by somebody who stops the bench either.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    return runIn(folder, pace);
  },
};

async function runIn(folder: string, pace: Pace): Promise<readonly Comparison[]> {
  const at = new Date();
  const entries = pace.quick ? QUICK_ENTRIES : ENTRIES;
  const authority = createBenchAuthority('P-384', CARDS, at);
  const list = writeLargeCrl(authority.issuing, entries, at);
  const file = (name: string): string => join(folder, name);
  const crl = file('large.crl');
  const issuerDer = file('issuing.der');
  const issuerPem = file('issuing.pem');
  await writeFile(crl, list.der);
  await writeFile(issuerDer, authority.issuing.certificate);
  await writeFile(issuerPem, encodePem('CERTIFICATE', authority.issuing.certificate));
  return [
    ...(await compareReading({ crl, issuerDer, issuerPem, cache: file('cache'), entries }, pace)),
    ...(await compareLookUp(authority.issuing, list, at, pace)),
    ...(await compareSignIns(folder, crl, authority, at, pace)),
  ];
}

async function compareSignIns(
  folder: string,
  largeCrl: string,
  authority: BenchAuthority,
  at: Date,
  pace: Pace,
): Promise<readonly Comparison[]> {
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
