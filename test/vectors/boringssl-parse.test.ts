import { CertificateError } from '../../src/errors.ts';
import { readSigned } from '../../src/pki/algorithm-identifier.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { DerError, enterWhole } from '../../src/pki/der.ts';
import { fromBase64 } from '../support/path-question.ts';
import { expectAgreement } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface ParseCase {
  readonly id: string;
  readonly der: string;
  readonly expected_outer_parse: 'ok' | 'reject' | null;
  readonly errors: string;
}

function isAccepted(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof CertificateError && error.code === 'CERT_MALFORMED') return false;
    if (error instanceof DerError) return false;
    throw error;
  }
}

describe('vectors: the certificates for the parser of BoringSSL', () => {
  it('reads and refuses what the suite does', function () {
    // The suite's README describes this form.
    const suite = vectors('boringssl-pki') as { readonly parse: readonly ParseCase[] } | undefined;
    if (suite === undefined) return this.skip();
    const results = suite.parse.map(({ id, der, expected_outer_parse: outer, errors }) => {
      const octets = fromBase64(der);
      // `ok` and `reject` speak of the outermost SEQUENCE alone; null of the whole certificate.
      const accepted = isAccepted(() => (outer === null ? parseCertificate(octets) : readSigned(enterWhole(octets))));
      return { id, accepted, shouldAccept: outer === null ? !/^ERROR/m.test(errors) : outer === 'ok' };
    });
    expectAgreement('BoringSSL parse', results);
  });
});
