/**
 * What a revocation decision may rest on: CRLs and OCSP responses, parsed and not yet believed, and why others are absent.
 */
import { type RevocationCode, RevocationError } from '../errors.ts';
import type { Certificate } from './certificate.ts';
import { type Crl, parseCrl } from './crl.ts';
import { type OcspResponse, parseOcspResponse } from './ocsp-response.ts';
import type { ValidatedPath } from './path-validation.ts';

export interface RevocationEvidence {
  readonly crls: readonly Crl[];
  readonly ocspResponses: readonly OcspResponse[];
  /** Certificates of CRL issuers that are not on the path, and the CAs above them; nothing is believed of them. */
  readonly certificates: readonly Certificate[];
  /** What could not be had. When nothing else decides, the first of these is the reason. */
  readonly failures: readonly RevocationFailure[];
}

export interface RevocationFailure {
  readonly source: string;
  readonly code: RevocationCode;
}

/** Port. A source never throws for what it cannot get: that is a failure among the evidence, and so an unknown status. */
export interface RevocationSource {
  /** Evidence about every certificate of the path. Only a validated path may cause network traffic (S9). */
  evidenceFor(path: ValidatedPath, at: Date): Promise<RevocationEvidence>;
}

export const NO_EVIDENCE: RevocationEvidence = { crls: [], ocspResponses: [], certificates: [], failures: [] };

/** Evidence out of given octets: what cannot be read becomes a failure. */
export function readEvidence(given: {
  readonly crls?: readonly Uint8Array[] | undefined;
  readonly ocspResponses?: readonly Uint8Array[] | undefined;
  readonly certificates?: readonly Certificate[] | undefined;
}): RevocationEvidence {
  const failures: RevocationFailure[] = [];
  const readAll = <T>(
    kind: string,
    items: readonly Uint8Array[] | undefined,
    read: (der: Uint8Array, source: string) => T,
  ): readonly T[] =>
    (items ?? []).flatMap((der, index) => {
      const source = `${kind} ${index + 1}`;
      try {
        return [read(der, source)];
      } catch (error) {
        if (!(error instanceof RevocationError)) throw error;
        failures.push({ source, code: error.code });
        return [];
      }
    });
  const crls = readAll('crl', given.crls, (der, source) => parseCrl(der, { source }));
  const ocspResponses = readAll('ocsp', given.ocspResponses, parseOcspResponse);
  return { crls, ocspResponses, certificates: given.certificates ?? [], failures };
}
