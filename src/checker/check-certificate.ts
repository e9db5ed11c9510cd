/**
 * The certificate checker: the verdict of this service on any certificate, for officers and for developers of portals.
 * The same rooms decide as in a sign-in; nothing is fetched, so only the CRLs and OCSP responses that are given count.
 */
import { type Code, ThiqaError } from '../errors.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { findValidPath, requireKeyOfItsKind } from '../pki/path-validation.ts';
import { decideRevocation, readEvidence, requireGood } from '../pki/revocation.ts';
import { type CertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { usableAnchors, wellFormed } from './given-certificates.ts';
import { idOf } from './request-values.ts';

export interface CertificateAnswer {
  /** Of the request; null when it has none that can be read. */
  readonly id: string | number | null;
  readonly verdict: 'valid' | 'invalid';
  readonly code?: Code;
  /** Of RFC 5280, unless it names another standard. */
  readonly clause?: string;
  readonly message?: string;
  /** User-constrained policy set (RFC 5280 6.1.5 (g)), of a valid path. */
  readonly policies?: readonly string[];
  readonly revocation: 'good' | 'revoked' | 'unknown' | 'not-checked';
}

/** @param value one request, unknown; a malformed one is answered too */
export function checkCertificate(value: unknown): CertificateAnswer {
  let request: CertificateRequest;
  try {
    request = parseCertificateRequest(value);
  } catch (error) {
    return invalid(idOf(value), error);
  }
  try {
    return decide(request);
  } catch (error) {
    return invalid(request.id, error);
  }
}

function decide(request: CertificateRequest): CertificateAnswer {
  const { id, at, policy, strict, algorithms } = request;
  const [leaf, ...others] = request.certificates;
  if (leaf === undefined) throw new TypeError('the schema demands a certificate');
  // What section 4 demands of an encoding beyond what can be misread counts where the request is strict.
  const parsing = { allowPaddedSerialNumber: strict === false };
  const intermediates = wellFormed(others, parsing);
  const path = findValidPath(parseCertificate(leaf, parsing), {
    intermediates,
    anchors: usableAnchors(request.anchors, request.anchorAs, parsing),
    at,
    purpose: request.purpose,
    algorithms,
    strict,
    maxIntermediates: request.maxIntermediates,
    ...policy,
  });
  requireKeyOfItsKind(path);
  const valid = { id, verdict: 'valid', policies: path.policies } as const;
  if (request.revocation === 'off') return { ...valid, revocation: 'not-checked' };
  const evidence = readEvidence({
    crls: request.crls,
    ocspResponses: request.ocspResponses,
    certificates: intermediates,
  });
  const status = decideRevocation(path, evidence, {
    at,
    algorithms,
    strict,
    maxAgeSeconds: request.maxRevocationAgeSeconds,
  });
  try {
    requireGood(status);
    return { ...valid, revocation: 'good' };
  } catch (error) {
    return { ...invalid(id, error), revocation: status.status };
  }
}

function invalid(id: CertificateAnswer['id'], error: unknown): CertificateAnswer {
  const refusal = { id, verdict: 'invalid', revocation: 'not-checked' } as const;
  if (!(error instanceof ThiqaError))
    return { ...refusal, code: 'INTERNAL', message: 'an error that this program did not foresee' };
  const { code, message, detail } = error;
  return { ...refusal, code, ...(typeof detail.clause === 'string' && { clause: detail.clause }), message };
}
