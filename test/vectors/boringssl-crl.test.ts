import { expect } from 'chai';
import { RevocationError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { parseCrl } from '../../src/pki/crl.ts';
import { isSignedByAuthority } from '../../src/pki/crl-issuer.ts';
import { type CrlAnswer, processCrls } from '../../src/pki/crl-processing.ts';
import { vectors } from '../support/vectors.ts';

interface CrlCase {
  readonly id: string;
  readonly crl: string;
  readonly leaf: string;
  readonly issuer: string;
  readonly issuer2: string | null;
  readonly time: string;
  readonly max_age_seconds: number;
  readonly expected: CrlAnswer['status'];
}

const der = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** The leaf against the CRL, with its issuer and, after a key rollover, the issuer of that one, above it. */
function statusOf(vector: CrlCase): CrlAnswer['status'] {
  const above = [vector.issuer, vector.issuer2].flatMap((issuer) =>
    issuer === null ? [] : [parseCertificate(der(issuer))],
  );
  try {
    return processCrls(parseCertificate(der(vector.leaf)), [parseCrl(der(vector.crl))], {
      at: new Date(vector.time),
      maxAgeSeconds: vector.max_age_seconds,
      skewSeconds: 0,
      strict: false,
      isSignedByCrlIssuer: (crl) => isSignedByAuthority(crl, above, 'legacy'),
    }).status;
  } catch (error) {
    if (error instanceof RevocationError) return 'unknown';
    throw error;
  }
}

describe('vectors: the CRLs of BoringSSL', () => {
  it('has every verdict of the suite', function () {
    // The suite's README describes this form.
    const suite = vectors('boringssl-pki') as { readonly crl: readonly CrlCase[] } | undefined;
    if (suite === undefined) return this.skip();
    const wrong = suite.crl.flatMap((vector) => {
      const status = statusOf(vector);
      return status === vector.expected ? [] : [{ id: vector.id, expected: vector.expected, status }];
    });
    const wrongAccepts = wrong.filter(({ status }) => status === 'good').length;
    const score = `BoringSSL CRL ${suite.crl.length - wrong.length}/${suite.crl.length}, wrong accepts ${wrongAccepts}`;
    process.stdout.write(`      ${score}\n`);
    expect(wrong).to.deep.equal([]);
  });
});
