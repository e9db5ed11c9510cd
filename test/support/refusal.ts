/**
 * A rejection asserts its class and its code: two rules that fail with one class are still two rules.
 */
import { expect } from 'chai';
import type { Code, ThiqaError } from '../../src/errors.ts';

type ErrorClass = abstract new (...parts: never[]) => ThiqaError;

/** What `step` throws or rejects with; the test fails when it does neither. */
export async function thrownBy(step: () => unknown): Promise<unknown> {
  try {
    await step();
  } catch (error) {
    return error;
  }
  return expect.fail('accepted, where a refusal was due');
}

/** Expects that `step` refuses with an error of exactly this class and code, and returns the error. */
export async function expectRefusal(step: () => unknown, errorClass: ErrorClass, code: Code): Promise<ThiqaError> {
  const error = await thrownBy(step);
  expect(error).to.be.instanceOf(errorClass);
  const refused = error as ThiqaError; // the line above is what says so
  expect(refused.code, refused.message).to.equal(code);
  return refused;
}
