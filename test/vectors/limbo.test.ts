import { AT } from '../support/authority.ts';
import { answer, fromPem } from '../support/path-question.ts';
import { expectAgreement } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface LimboCase {
  readonly id: string;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly crls: readonly string[];
  readonly validation_time: string | null;
  readonly max_chain_depth: number | null;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly needs_peer_name: boolean;
  readonly openssl_3_0_19_agrees: boolean;
}

/** Why a verdict outside the consensus is not shared. */
const EXPLAINED = {
  'crl::crlnumber-missing': 'RFC 5280 5.2.3 binds the issuer; 6.3 does not make a validator refuse the CRL',
  'cve::cve-2024-0567':
    'its anchor is not self-signed and has no authorityKeyIdentifier, for which the consensus wants a refusal (cross-signed-root-missing-aki)',
};

describe('vectors: x509-limbo, RFC 5280', () => {
  for (const consensus of [true, false]) {
    it(consensus ? 'agrees with the consensus' : 'differs elsewhere only for a reason', function () {
      // The suite's README describes this form.
      const suite = vectors('limbo') as { readonly testcases: readonly LimboCase[] } | undefined;
      if (suite === undefined) return this.skip();
      const results = suite.testcases
        // A client certificate has no peer name to compare.
        .filter((vector) => !vector.needs_peer_name && vector.openssl_3_0_19_agrees === consensus)
        .map((vector) => {
          const verdict = answer({
            leaf: fromPem(vector.peer_certificate),
            intermediates: vector.untrusted_intermediates.map(fromPem),
            anchors: vector.trusted_certs.map(fromPem),
            // Without a time "now" is meant: the certificates are valid for centuries.
            at: vector.validation_time === null ? AT : new Date(vector.validation_time),
            purpose: vector.validation_kind === 'SERVER' ? 'serverAuth' : 'clientAuth',
            ...(vector.max_chain_depth !== null && { maxIntermediates: vector.max_chain_depth }),
            ...(vector.crls.length > 0 && { crls: vector.crls.map(fromPem) }),
          });
          const shouldAccept = vector.expected_result === 'SUCCESS';
          return { id: vector.id, accepted: verdict.accepted, shouldAccept, code: verdict.code };
        });
      expectAgreement(`limbo, ${consensus ? 'consensus' : 'the others'}`, results, consensus ? {} : EXPLAINED);
    });
  }
});
