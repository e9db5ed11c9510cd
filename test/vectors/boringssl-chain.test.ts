import { answer, fromBase64 } from '../support/path-question.ts';
import { expectAgreement } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface ChainCase {
  readonly id: string;
  readonly chain: readonly string[];
  readonly last_cert_trust: string;
  readonly time: string;
  readonly key_purpose: string;
  readonly expected: 'valid' | 'invalid';
  readonly expected_user_constrained_policy_set: readonly string[] | null;
}

const PURPOSES: Readonly<Record<string, 'any' | 'clientAuth' | 'serverAuth'>> = {
  ANY_EKU: 'any',
  CLIENT_AUTH: 'clientAuth',
  SERVER_AUTH: 'serverAuth',
};

/** The general cases are those of the bare name and key; an anchor with constraints is our anchor as a certificate. */
const ANCHORS: Readonly<Record<string, 'key' | 'certificate'>> = {
  TRUSTED_ANCHOR: 'key',
  TRUSTED_ANCHOR_WITH_CONSTRAINTS: 'certificate',
  TRUSTED_ANCHOR_WITH_EXPIRATION_AND_CONSTRAINTS: 'certificate',
};

const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['general cases: the anchor is a name and a key', ['TRUSTED_ANCHOR']],
  ['the anchor is a certificate with its constraints', Object.keys(ANCHORS).slice(1)],
];

const EXPLAINED = {
  'chain/many-names/ok-all-types':
    'its dNSNames t171.test to t340.test are not within the permitted subtrees t0.test to t170.test (4.2.1.10); OpenSSL refuses it too',
};

describe('vectors: the certificate chains of BoringSSL', () => {
  for (const [title, wanted] of GROUPS) {
    it(title, function () {
      // The suite's README describes this form.
      const suite = vectors('boringssl-pki') as { readonly chain: readonly ChainCase[] } | undefined;
      if (suite === undefined) return this.skip();
      const results = suite.chain.flatMap((vector) => {
        const [leaf, ...above] = vector.chain.map(fromBase64);
        const anchor = above.pop();
        const purpose = PURPOSES[vector.key_purpose];
        const anchorAs = ANCHORS[vector.last_cert_trust];
        if (!wanted.includes(vector.last_cert_trust) || !purpose || !anchorAs || !leaf) return [];
        const verdict = answer({
          leaf,
          intermediates: above,
          // A chain of one certificate is a leaf that is its own anchor.
          anchors: [anchor ?? leaf],
          anchorAs,
          at: new Date(vector.time),
          purpose,
          strict: false,
        });
        const policies = vector.expected_user_constrained_policy_set;
        const accepted =
          verdict.accepted && (!policies || String(verdict.path.policies.toSorted()) === String(policies.toSorted()));
        return [{ id: vector.id, accepted, shouldAccept: vector.expected === 'valid', code: verdict.code }];
      });
      expectAgreement(`BoringSSL chains, ${title}`, results, EXPLAINED);
    });
  }
});
