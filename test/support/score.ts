/**
 * One line that says how a suite of vectors went, and the assertion that goes with it: no wrong accept, and no difference
 * beyond those that the test names, each with its reason.
 */
import { expect } from 'chai';

export interface VectorResult {
  readonly id: string;
  readonly accepted: boolean;
  readonly shouldAccept: boolean;
  /** The code of the refusal, or nothing. */
  readonly code?: string | undefined;
}

/** @param explained reason by id, for vectors whose verdict this service does not share */
export function expectAgreement(
  suite: string,
  results: readonly VectorResult[],
  explained: Readonly<Record<string, string>> = {},
): void {
  const different = results.filter(({ accepted, shouldAccept }) => accepted !== shouldAccept);
  const wrongAccepts = different.filter(({ accepted }) => accepted).length;
  const agreed = results.length - different.length;
  process.stdout.write(`      ${suite} ${agreed}/${results.length}, wrong accepts ${wrongAccepts}\n`);
  for (const { id, code } of different) {
    if (explained[id] !== undefined) process.stdout.write(`        ${id} (${code ?? 'accepted'}): ${explained[id]}\n`);
  }
  expect(results, 'the suite is not empty').to.not.have.lengthOf(0);
  expect(different.filter(({ id }) => explained[id] === undefined)).to.deep.equal([]);
}
