import { answer, fromBase64 } from '../support/path-question.ts';
import { expectAgreement } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface PkitsSuite {
  readonly validation_time: string;
  readonly certs: Readonly<Record<string, string>>;
  readonly crls: Readonly<Record<string, string>>;
  readonly tests: readonly {
    readonly id: string;
    /** Trust anchor first, end entity last. */
    readonly chain: readonly string[];
    readonly crls: readonly string[];
    readonly policy: {
      readonly initial_policy_set: readonly string[];
      readonly initial_explicit_policy: boolean;
      readonly initial_policy_mapping_inhibit: boolean;
      readonly initial_inhibit_any_policy: boolean;
    };
    readonly expected: 'valid' | 'invalid';
    readonly expected_user_constrained_policy_set: readonly string[];
    readonly features: readonly string[];
  }[];
}

describe('vectors: NIST PKITS', () => {
  it('has every verdict and every user-constrained-policy-set of the suite', function () {
    // The suite's README describes this form.
    const suite = vectors('pkits') as PkitsSuite | undefined;
    if (suite === undefined) return this.skip();
    const named = (from: Readonly<Record<string, string>>, names: readonly string[]): readonly Buffer[] =>
      names.map((name) => fromBase64(from[name] ?? ''));
    const explained: Record<string, string> = {};
    const results = suite.tests.map((test) => {
      const [anchor, ...rest] = named(suite.certs, test.chain);
      const leaf = rest.pop();
      if (!anchor || !leaf) throw new TypeError(`PKITS ${test.id} is not of the form that the README describes`);
      const verdict = answer({
        leaf,
        intermediates: rest.toReversed(),
        anchors: [anchor],
        crls: named(suite.crls, test.crls),
        at: new Date(suite.validation_time),
        purpose: 'any',
        strict: false,
        algorithms: 'legacy',
        initialPolicySet: test.policy.initial_policy_set,
        requireExplicitPolicy: test.policy.initial_explicit_policy,
        inhibitPolicyMapping: test.policy.initial_policy_mapping_inhibit,
        inhibitAnyPolicy: test.policy.initial_inhibit_any_policy,
      });
      const accepted =
        verdict.accepted &&
        String(verdict.path.policies.toSorted()) === String(test.expected_user_constrained_policy_set.toSorted());
      if (test.features.includes('dsa')) explained[test.id] = 'DSA is refused by name';
      return { id: test.id, accepted, shouldAccept: test.expected === 'valid', code: verdict.code };
    });
    expectAgreement('PKITS', results, explained);
  });
});
