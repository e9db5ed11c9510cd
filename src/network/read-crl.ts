/**
 * Octets -> a verified CRL, small enough to keep: parsed, indexed, and signed by one of the expected issuers. Runs in a
 * worker when the CRL is large, and on the event loop when it is small.
 */
import { RevocationError } from '../errors.ts';
import type { AlgorithmPolicy } from '../pki/algorithms.ts';
import type { Certificate } from '../pki/certificate.ts';
import { type CrlParts, parseCrl } from '../pki/crl.ts';
import { isSignedByAuthority } from '../pki/crl-issuer.ts';

export interface CrlExpectations {
  /** Where the CRL comes from, for the record. */
  readonly source: string;
  /** Certificates of the authorities whose CRL it may be. */
  readonly issuers: readonly Certificate[];
  readonly algorithms: AlgorithmPolicy;
  readonly maximumOctets: number;
}

/**
 * @param octets DER or PEM
 * @throws RevocationError CRL_TOO_LARGE, CRL_MALFORMED, CRL_CRITICAL_EXTENSION_UNKNOWN, CRL_SIGNATURE_INVALID
 */
export function readVerifiedCrl(octets: Uint8Array, expected: CrlExpectations): CrlParts {
  const { source, issuers, algorithms, maximumOctets } = expected;
  const crl = parseCrl(fromPem(octets), { source, maxOctets: maximumOctets });
  if (!isSignedByAuthority(crl, issuers, algorithms)) {
    throw new RevocationError(
      'CRL_SIGNATURE_INVALID',
      'the CRL is not signed by an authority that it is expected from',
      {
        detail: { clause: '6.3.3 (f), (g)', source },
      },
    );
  }
  return crl.withoutSignedOctets();
}

/** RFC 7468 section 6. What only looks like PEM is left as it is, and refused as DER. */
function fromPem(octets: Uint8Array): Uint8Array {
  if (octets[0] !== 0x2d) return octets;
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  const base64 = /^-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----\s*$/.exec(text)?.[1];
  return base64 === undefined ? octets : Buffer.from(base64, 'base64');
}
