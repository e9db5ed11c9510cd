/**
 * The Web eID checker: the verdict on an authentication token, for developers of portals. Token, path, possession and
 * revocation are decided by the rooms that decide in a sign-in, in the same order; nonce and origin are given here
 * instead of taken from a challenge, and the rules of the Web eID specification stand in place of a document profile.
 */

import { provePossession } from '../authentication/possession-proof.ts';
import { evidenceFromWebEid } from '../authentication/web-eid.ts';
import { CertificateError, type Code, ThiqaError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { findValidPath } from '../pki/path-validation.ts';
import { decideEachRevocation, type RevocationStatus, readEvidence, requireGood } from '../pki/revocation.ts';
import { usableAnchors, wellFormed } from './given-certificates.ts';
import { idOf } from './request-values.ts';
import { parseWebEidRequest, type WebEidRequest } from './web-eid-request.ts';
import { readWebEidSubject, type WebEidSubject } from './web-eid-subject.ts';

export interface WebEidAnswer {
  /** Of the request; null when it has none that can be read. */
  readonly id: string | number | null;
  readonly verdict: 'valid' | 'invalid';
  readonly code?: Code;
  readonly message?: string;
  /** Of a valid token alone. */
  readonly subject?: WebEidSubject;
}

/**
 * Section 4 of RFC 5280 is not demanded here. CAs of cards in use break it: those of Estonia of 2015 have
 * nameConstraints that are not critical, and which CA it is, is the question of whoever gives the anchors.
 */
const STRICT = false;

/**
 * RFC 6960 4.2.2.1: without nextUpdate, newer information is there at all times. So the answer must be one of now: the
 * validators of Web eID allow it two minutes.
 */
const maxAgeWithoutNextUpdateSeconds = 120;

/** @param value one request, unknown; a malformed one is answered too */
export function checkWebEid(value: unknown): WebEidAnswer {
  try {
    const request = parseWebEidRequest(value);
    return { id: request.id, verdict: 'valid', subject: decide(request) };
  } catch (error) {
    const { code, message } =
      error instanceof ThiqaError
        ? error
        : ({ code: 'INTERNAL', message: 'an error that this program did not foresee' } as const);
    return { id: idOf(value), verdict: 'invalid', code, message };
  }
}

function decide(request: WebEidRequest): WebEidSubject {
  const { at, nonce, origin } = request;
  const evidence = evidenceFromWebEid(request.token, { nonce, origin });
  const certificate = evidence.unverifiedCertificate;
  const intermediates = wellFormed(request.intermediates);
  const path = findValidPath(certificate, {
    intermediates,
    // An issuing CA without its root anchors a path as well as a root does.
    anchors: usableAnchors(request.anchors, 'certificate'),
    at,
    purpose: 'clientAuth',
    strict: STRICT,
  });
  requireAuthenticationUse(certificate);
  requireAllowedPolicies(certificate, request.disallowedPolicies);
  provePossession(evidence, path);
  if (request.revocation === 'required') {
    const { ocspResponses, crls } = request;
    const given = readEvidence({ ocspResponses, crls, certificates: intermediates });
    requireCardStatus(decideEachRevocation(path, given, { at, strict: STRICT, maxAgeWithoutNextUpdateSeconds }));
  }
  return readWebEidSubject(certificate);
}

/**
 * The card must be good. Of the CAs above it a question of this form can hardly carry a status, since those have CRLs: they
 * must not be revoked, and in a sign-in, where the configuration names their CRLs, they must be good as well.
 */
function requireCardStatus([card, ...above]: readonly RevocationStatus[]): void {
  if (card === undefined) throw new TypeError('a validated path has an end-entity certificate');
  for (const status of [...above.filter(({ status }) => status === 'revoked'), card]) requireGood(status);
}

/**
 * The path has checked the extended key usage where there is one; Finnish and Luxembourgish cards have none. Of the two,
 * one must say that the key is for authentication: a certificate without either was issued for everything and nothing.
 */
function requireAuthenticationUse({ keyUsage, extendedKeyUsage }: Certificate): void {
  if (keyUsage?.has('digitalSignature') ?? extendedKeyUsage !== undefined) return;
  throw new CertificateError('CERT_KEY_USAGE_REFUSED', 'the key usage does not include digitalSignature', {
    detail: { clause: '4.2.1.3' },
  });
}

function requireAllowedPolicies({ certificatePolicies }: Certificate, disallowed: readonly string[]): void {
  const refused = certificatePolicies?.find(({ policyIdentifier }) => disallowed.includes(policyIdentifier));
  if (refused === undefined) return;
  throw new CertificateError('CERT_POLICY_REFUSED', 'the certificate carries a policy that is disallowed', {
    detail: { clause: '4.2.1.4', policy: refused.policyIdentifier },
  });
}
