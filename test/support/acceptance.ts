/**
 * A service that accepts the cards of one test authority: the document with its anchor, and a revocation source over
 * given CRLs that counts how often it was asked.
 */
import type { AcceptedDocument } from '../../src/authentication/accepted-document.ts';
import { type CardEvidence, readUnverifiedCertificate } from '../../src/authentication/card-evidence.ts';
import type { CertificationAuthority } from '../../src/demo/authority.ts';
import type { RevocationCode } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { NO_EVIDENCE, type RevocationSource, readEvidence } from '../../src/pki/revocation.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { issueTestCrl, type TestAuthority, type TestRevocation } from './authority.ts';
import { TEST_PROFILE } from './document.ts';

export interface TestRevocationSource extends RevocationSource {
  readonly timesAsked: () => number;
}

export function revocationSource(...crls: readonly Uint8Array[]): TestRevocationSource {
  let asked = 0;
  return {
    timesAsked: () => asked,
    async evidenceFor() {
      asked++;
      return readEvidence({ crls });
    },
  };
}

/** A source that could not get anything, for the reason `code`. */
export function failingSource(code: RevocationCode): RevocationSource {
  return { evidenceFor: async () => ({ ...NO_EVIDENCE, failures: [{ source: 'crl', code }] }) };
}

/** Current CRLs of root and issuing CA, on which these cards stand. */
export function currentCrls({ root, issuing }: TestAuthority, revoked: readonly TestRevocation[] = []): Uint8Array[] {
  return [issueTestCrl(root), issueTestCrl(issuing, { revoked })];
}

export function acceptedDocument(authority: TestAuthority, changes: Partial<AcceptedDocument> = {}): AcceptedDocument {
  return {
    profile: TEST_PROFILE,
    anchors: [anchorOf(authority.root)],
    intermediates: [parseCertificate(authority.issuing.certificate)],
    revocation: revocationSource(...currentCrls(authority)),
    ...changes,
  };
}

export function anchorOf(ca: CertificationAuthority) {
  return createTrustAnchor(parseCertificate(ca.certificate));
}

/** As if a handshake of our own had proved the key of this certificate. */
export function evidenceOf(certificate: Uint8Array): CardEvidence {
  return {
    method: 'client-certificate',
    unverifiedCertificate: readUnverifiedCertificate(certificate),
    provenBy: 'tls-handshake',
  };
}
