/**
 * Which document it is: the certification path decides, never a name. Each accepted document has its own trust
 * anchors, so a CA that is trusted for one document issues no other (S4, S6, S7).
 */
import { CertificateError } from '../errors.ts';
import type { DocumentProfile } from '../identity/document-profile.ts';
import { earnedAssurance, highestOf, type LevelOfAssurance } from '../identity/level-of-assurance.ts';
import type { Certificate, KeyUsageBit } from '../pki/certificate.ts';
import { findValidPath, type ValidatedPath, type ValidationOptions } from '../pki/path-validation.ts';
import type { RevocationSource } from '../pki/revocation.ts';
import type { RevocationPolicies } from '../pki/revocation-policy.ts';
import type { TrustAnchor } from '../pki/trust-anchor.ts';

/** The documents of one profile that this service accepts: who is trusted to issue them, and where their status stands. */
export interface AcceptedDocument {
  readonly profile: DocumentProfile;
  readonly anchors: readonly TrustAnchor[];
  /** CA certificates of our own that complete a path, because a card sends only its own (S12). */
  readonly intermediates: readonly Certificate[];
  readonly revocation: RevocationSource;
  /** By issuing CA. Absent: the default of every CA, which is by CRLs alone and without exception. */
  readonly revocationPolicies?: RevocationPolicies;
}

/** The highest level that a card of one of these documents can earn; undefined when no CA is trusted for any. */
export function highestLevelOf(documents: readonly AcceptedDocument[]): LevelOfAssurance | undefined {
  return highestOf(
    documents
      .filter(({ anchors }) => anchors.length > 0)
      .map(({ profile }) => earnedAssurance(profile.assurance).level),
  );
}

export interface RecognisedDocument {
  readonly document: AcceptedDocument;
  readonly path: ValidatedPath;
}

/**
 * The first accepted document to whose anchors a valid path leads, by the policies and the key usage of its profile.
 * @throws CertificateError with the code of the rule that failed; CERT_ISSUER_UNKNOWN when no anchor is reached at all
 */
export function recogniseDocument(
  certificate: Certificate,
  documents: readonly AcceptedDocument[],
  at: Date,
): RecognisedDocument {
  let reason: CertificateError | undefined;
  for (const document of documents) {
    try {
      const path = findValidPath(certificate, {
        intermediates: document.intermediates,
        anchors: document.anchors,
        at,
        purpose: 'clientAuth',
        ...pathPolicies(document.profile),
      });
      requireProfile(certificate, document.profile);
      return { document, path };
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      // An issuer that is unknown to one document says less than a rule that failed under another.
      if (error.code !== 'CERT_ISSUER_UNKNOWN') reason = error;
    }
  }
  throw reason ?? new CertificateError('CERT_ISSUER_UNKNOWN', 'no accepted document has this issuer');
}

/** The inputs (c) and (e) of RFC 5280 6.1.1 for the documents of `profile`. */
export function pathPolicies({
  policies,
  policiesOf,
}: DocumentProfile): Pick<ValidationOptions, 'initialPolicySet' | 'requireExplicitPolicy'> {
  return policiesOf === 'certificate' ? {} : { initialPolicySet: policies, requireExplicitPolicy: true };
}

/**
 * What the profile asks of the card's own certificate, beside its path.
 * @throws CertificateError CERT_POLICY_REFUSED, CERT_KEY_USAGE_REFUSED
 */
export function requireProfile(certificate: Certificate, profile: DocumentProfile): void {
  requirePolicies(certificate, profile);
  requireKeyUsage(certificate, profile);
}

/** RFC 5280 4.2.1.4. */
function requirePolicies({ certificatePolicies = [] }: Certificate, profile: DocumentProfile): void {
  const { policies, policiesOf, refusedPolicies = [] } = profile;
  const asserted = certificatePolicies.map(({ policyIdentifier }) => policyIdentifier);
  const lacks = policiesOf === 'certificate' && !policies.some((policy) => asserted.includes(policy));
  if (lacks || refusedPolicies.some((policy) => asserted.includes(policy))) {
    throw new CertificateError('CERT_POLICY_REFUSED', 'the certificate policies are not those of the profile', {
      detail: { clause: '4.2.1.4', profile: profile.id, policies, refusedPolicies },
    });
  }
}

/**
 * RFC 5280 4.2.1.3, whether critical or not (S19): a card carries two certificates, and the one for signatures must
 * not sign anybody in.
 */
function requireKeyUsage(certificate: Certificate, profile: DocumentProfile): void {
  const { required, refused } = profile.keyUsage;
  const usage = certificate.keyUsage;
  const has = (bit: KeyUsageBit): boolean => usage?.has(bit) ?? false;
  if (!required.every(has) || refused.some(has)) {
    throw new CertificateError('CERT_KEY_USAGE_REFUSED', 'the key usage is not that of the profile', {
      detail: { clause: '4.2.1.3', profile: profile.id, required, refused },
    });
  }
}
