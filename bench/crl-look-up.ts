/**
 * Looking up a serial number in a large CRL: in few microseconds, and hardly longer than in a small one. Every second
 * number asked for is not on the list, as those of most citizens are not.
 */
import { randomBytes } from 'node:crypto';
import type { CertificationAuthority } from '../src/demo/authority.ts';
import { readVerifiedCrl } from '../src/network/read-crl.ts';
import { parseCertificate } from '../src/pki/certificate.ts';
import { Crl } from '../src/pki/crl.ts';
import { type LargeCrl, writeLargeCrl } from './large-crl.ts';
import { type Comparison, compare, type Pace, takeTurns, timeEach } from './measure.ts';

const SMALL = 10_000;
const LONGEST_MICROSECONDS = 5;
/** The same number for both lists, and so many that the table is not found in the processor's caches. */
const QUESTIONS = 2 ** 18;
/** Look-ups between two looks at the clock. */
const BATCH = 1_000;

export async function compareLookUp(
  issuing: CertificationAuthority,
  large: LargeCrl,
  at: Date,
  pace: Pace,
): Promise<readonly Comparison[]> {
  const window = (list: LargeCrl) => {
    const lookUp = lookingUp(issuing, list);
    return async (): Promise<number> => ((await timeEach(lookUp, pace)) * 1000) / BATCH;
  };
  const measured = await compare(window(large), window(writeLargeCrl(issuing, SMALL, at)), pace);
  const { ours } = measured;
  const limit = { other: LONGEST_MICROSECONDS, ratio: ours / LONGEST_MICROSECONDS };
  return [
    { name: 'crl-look-up-time', unit: 'us', goal: 1, ours, ...limit },
    { name: 'crl-look-up-growth', unit: 'us', goal: 3, ...measured },
  ];
}

function lookingUp(issuing: CertificationAuthority, { der, listed }: LargeCrl): (turn: number) => void {
  const issuer = parseCertificate(issuing.certificate);
  const crl = new Crl(
    readVerifiedCrl(der, {
      source: 'bench',
      issuers: [issuer],
      algorithms: 'default',
      maximumOctets: Number.POSITIVE_INFINITY,
    }),
  );
  const numbers = Array.from({ length: QUESTIONS }, (_, index) => question(takeTurns(listed, index), index));
  let asked = 0;
  return () => {
    let found = 0;
    for (let i = 0; i < BATCH; i++) {
      if (crl.entriesFor(issuer.subject, takeTurns(numbers, asked++)).length > 0) found++;
    }
    if (found !== BATCH / 2) throw new Error('the index does not answer rightly');
  };
}

/** A number of its own each time, not a string that was at hand. */
function question(listed: string, index: number): string {
  const number = Buffer.from(listed, 'hex');
  return (index % 2 === 0 ? number : Buffer.concat([number.subarray(0, 1), randomBytes(15)])).toString('hex');
}
