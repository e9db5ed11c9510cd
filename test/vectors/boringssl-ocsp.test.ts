import { expect } from 'chai';
import { CertificateError, RevocationError } from '../../src/errors.ts';
import { type Certificate, parseCertificate } from '../../src/pki/certificate.ts';
import { acceptOcspResponse, type OcspAnswer } from '../../src/pki/ocsp.ts';
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts';
import { parseOcspResponse } from '../../src/pki/ocsp-response.ts';
import { vectors } from '../support/vectors.ts';

interface OcspCase {
  readonly id: string;
  readonly response: string;
  readonly request: string;
  readonly leaf: string;
  readonly issuer: string;
  readonly time: string;
  readonly max_age_seconds: number;
  readonly expected: OcspAnswer['status'];
}

const der = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** One leaf has a serial number with a needless octet, by which the response names it as well. */
const certificateOf = (base64: string): Certificate => parseCertificate(der(base64), { allowPaddedSerialNumber: true });

function statusOf(vector: OcspCase): OcspAnswer['status'] {
  try {
    return acceptOcspResponse(
      parseOcspResponse(der(vector.response)),
      certificateOf(vector.leaf),
      certificateOf(vector.issuer),
      {
        at: new Date(vector.time),
        maxAgeSeconds: vector.max_age_seconds,
        skewSeconds: 0,
        algorithms: 'legacy',
        statusOfDelegate: () => 'unknown',
      },
    ).status;
  } catch (error) {
    if (error instanceof RevocationError || error instanceof CertificateError) return 'unknown';
    throw error;
  }
}

describe('vectors: the OCSP responses of BoringSSL', () => {
  // The suite's README describes this form.
  const suite = vectors('boringssl-pki') as { readonly ocsp: readonly OcspCase[] } | undefined;

  it('has every verdict of the suite', function () {
    if (suite === undefined) return this.skip();
    const wrong = suite.ocsp.flatMap((vector) => {
      const status = statusOf(vector);
      return status === vector.expected ? [] : [{ id: vector.id, expected: vector.expected, status }];
    });
    const wrongAccepts = wrong.filter(({ status }) => status === 'good').length;
    const score = `BoringSSL OCSP ${suite.ocsp.length - wrong.length}/${suite.ocsp.length}, wrong accepts ${wrongAccepts}`;
    process.stdout.write(`      ${score}\n`);
    expect(wrong).to.deep.equal([]);
  });

  it('writes the request that the suite gives, octet by octet', function () {
    if (suite === undefined) return this.skip();
    for (const { leaf, issuer, request } of suite.ocsp) {
      const encoded = encodeOcspRequest(certificateOf(leaf), certificateOf(issuer));
      expect(encoded.toString('base64')).to.equal(request);
    }
  });
});
