import { RevocationError } from '../../src/errors.ts';
import { parseCrl } from '../../src/pki/crl.ts';
import { parseOcspResponse } from '../../src/pki/ocsp-response.ts';
import { AT, createTestAuthority } from '../support/authority.ts';
import { answer, fromBase64 } from '../support/path-question.ts';
import { expectAgreement, type VectorResult } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface MalformedItem {
  readonly id: string;
  readonly kind: 'cert' | 'crl' | 'ocsp';
  readonly der: string;
}

/** Reads, or refuses with a code. */
function expectNoCrash(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RevocationError)) throw error;
  }
}

describe('vectors: malformed DER', () => {
  it('is never trusted, and is refused with a code', function () {
    // The suite's README describes this form.
    const suite = vectors('malformed') as { readonly items: readonly MalformedItem[] } | undefined;
    if (suite === undefined) return this.skip();
    const { root, issuing } = createTestAuthority();
    const results = suite.items.map(({ id, kind, der }): VectorResult => {
      const octets = fromBase64(der);
      if (kind !== 'cert') {
        // Well-formed ones occur: whether they count is decided with a path, and there is none for them.
        expectNoCrash(() => (kind === 'crl' ? parseCrl(octets) : parseOcspResponse(octets)));
        return { id, accepted: false, shouldAccept: false };
      }
      const common = { leaf: octets, at: AT, purpose: 'any', strict: false, algorithms: 'legacy' } as const;
      const verdict = answer({ ...common, intermediates: [issuing.certificate], anchors: [root.certificate] });
      // As its own anchor, as a forger would have it, and as an issuer of itself.
      const alone = answer({ ...common, intermediates: [octets], anchors: [octets], anchorAs: 'key' });
      return { id, accepted: verdict.accepted || alone.accepted, shouldAccept: false, code: verdict.code };
    });
    expectAgreement('malformed', results);
  });
});
