import { CertificateError } from '../../src/errors.ts';
import { readAlgorithmIdentifier, readSignature } from '../../src/pki/algorithm-identifier.ts';
import { DerCursor, DerError } from '../../src/pki/der.ts';
import { readPublicKey } from '../../src/pki/public-key.ts';
import { verifySignature } from '../../src/pki/signature.ts';
import { fromBase64 } from '../support/path-question.ts';
import { expectAgreement } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface SignedDataCase {
  readonly id: string;
  readonly spki: string;
  readonly algorithm: string;
  readonly data: string;
  readonly signature: string;
  readonly expected: 'valid' | 'invalid';
}

/** Reads one whole element from base64. */
function read<T>(base64: string, reader: (cursor: DerCursor) => T): T {
  const cursor = new DerCursor(fromBase64(base64));
  const result = reader(cursor);
  cursor.expectEnd();
  return result;
}

function isVerified({ spki, algorithm, data, signature }: SignedDataCase): boolean {
  try {
    return verifySignature(
      {
        algorithm: read(algorithm, readAlgorithmIdentifier),
        octets: fromBase64(data),
        signature: read(signature, readSignature),
      },
      read(spki, readPublicKey),
      'legacy',
    );
  } catch (error) {
    if (error instanceof CertificateError || error instanceof DerError) return false;
    throw error;
  }
}

describe('vectors: the signed data of BoringSSL', () => {
  it('verifies what the suite does', function () {
    // The suite's README describes this form.
    const suite = vectors('boringssl-pki') as { readonly signeddata: readonly SignedDataCase[] } | undefined;
    if (suite === undefined) return this.skip();
    const results = suite.signeddata.map((vector) => ({
      id: vector.id,
      accepted: isVerified(vector),
      shouldAccept: vector.expected === 'valid',
    }));
    expectAgreement('BoringSSL signed data', results);
  });
});
