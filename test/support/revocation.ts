/**
 * Paths and decisions for the tests of revocation: cards of the test authority, and what given CRLs say of them.
 */
import { type Certificate, parseCertificate } from '../../src/pki/certificate.ts';
import { findValidPath, type ValidatedPath } from '../../src/pki/path-validation.ts';
import {
  decideRevocation,
  type RevocationOptions,
  type RevocationStatus,
  readEvidence,
} from '../../src/pki/revocation.ts';
import { DEFAULT_POLICY, type RevocationPolicies, type RevocationPolicy } from '../../src/pki/revocation-policy.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { AT, issueTestCrl, type TestAuthority, type TestCertificate } from './authority.ts';

/** The validated path of a card to the root of its authority. */
export function pathOf(card: TestCertificate, authority: TestAuthority, at = AT): ValidatedPath {
  return findValidPath(parseCertificate(card.certificate), {
    intermediates: [parseCertificate(authority.issuing.certificate)],
    anchors: [createTrustAnchor(parseCertificate(authority.root.certificate))],
    at,
    purpose: 'any',
  });
}

/** The status of the path by these CRLs and responses, beside a CRL of the root that revokes nothing. */
export function statusBy(
  path: ValidatedPath,
  authority: TestAuthority,
  given: {
    readonly crls?: readonly Uint8Array[];
    readonly ocspResponses?: readonly Uint8Array[];
    readonly certificates?: readonly Uint8Array[];
  },
  options: Partial<RevocationOptions> = {},
): RevocationStatus {
  const certificates: readonly Certificate[] = (given.certificates ?? []).map((der) => parseCertificate(der));
  const evidence = readEvidence({
    ...given,
    crls: [issueTestCrl(authority.root), ...(given.crls ?? [])],
    certificates,
  });
  return decideRevocation(path, evidence, { at: AT, ...options });
}

/** `good`, `revoked REASON`, or the code of an unknown status: one word to compare. */
export function inBrief(status: RevocationStatus): string {
  switch (status.status) {
    case 'good':
      return 'good';
    case 'revoked':
      return `revoked ${status.reason}`;
    case 'unknown':
      return status.code;
  }
}

/** How a test changes the default policy; `ocsp` field by field. */
export type PolicyChanges = Partial<Omit<RevocationPolicy, 'ocsp'>> & {
  readonly ocsp?: Partial<RevocationPolicy['ocsp']>;
};

/** The default for every CA but this one. */
export function policiesFor(
  ca: Pick<TestAuthority['issuing'], 'certificate'>,
  changes: PolicyChanges,
): RevocationPolicies {
  const policy = { ...DEFAULT_POLICY, ...changes, ocsp: { ...DEFAULT_POLICY.ocsp, ...changes.ocsp } };
  const { keySha256 } = parseCertificate(ca.certificate).publicKey;
  return { others: DEFAULT_POLICY, byIssuerKey: new Map([[keySha256, policy]]) };
}
