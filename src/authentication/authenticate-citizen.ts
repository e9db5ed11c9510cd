/**
 * The use case: card evidence -> AuthenticatedCitizen, recorded either way. Each stage takes what the stage before
 * made, so no name is read from a certificate that is not validated, no address in one is fetched, and nobody is
 * signed in whose record is not durable.
 */
import type { AuditLog } from '../audit/audit-log.ts';
import type { PresentationMethod, RevocationRecord } from '../audit/event.ts';
import type { Clock } from '../clock.ts';
import { IdentityError, ThiqaError } from '../errors.ts';
import type { DocumentProfile } from '../identity/document-profile.ts';
import { readDocument } from '../identity/identity-document.ts';
import { acrOf, earnedAssurance } from '../identity/level-of-assurance.ts';
import { maskIdentifier, type NationalIdentifier } from '../identity/national-identifier.ts';
import type { NaturalPerson } from '../identity/person.ts';
import type { SignInEvidence } from '../identity/sign-in-evidence.ts';
import { readPerson } from '../identity/subject-attributes.ts';
import type { Certificate } from '../pki/certificate.ts';
import { nameText } from '../pki/name-text.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import { decideRevocation, type RevocationStatus, requireAcceptable } from '../pki/revocation.ts';
import { DEFAULT_POLICIES } from '../pki/revocation-policy.ts';
import { type AcceptedDocument, recogniseDocument } from './accepted-document.ts';
import type { AuthenticatedCitizen } from './authenticated-citizen.ts';
import type { CardEvidence } from './card-evidence.ts';
import { provePossession } from './possession-proof.ts';

export interface AuthenticationPorts {
  /** Those of this moment: trust may change while the service runs. @throws ServiceError STORE_UNAVAILABLE */
  readonly documents: () => Promise<readonly AcceptedDocument[]>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Keyed hash of the national identifier: the only form in which it goes any further. */
  readonly accountIdOf: (identifier: NationalIdentifier) => string;
  /** By an officer, whatever the card says. */
  readonly isSuspended: (accountId: string) => Promise<boolean>;
}

/** Where and how the card was presented; for the record. */
export interface Presentation {
  readonly interaction: string;
  readonly clientId: string;
  readonly method: PresentationMethod;
}

/**
 * @param readEvidence parses what was presented; called once, here, so that its refusals are recorded like all others
 * @throws EvidenceError, CertificateError, RevocationError, IdentityError with the code of the rule that failed;
 *   ServiceError STORE_UNAVAILABLE when it cannot be known who is trusted, AUDIT_UNAVAILABLE when the outcome cannot be recorded
 */
export async function authenticateCitizen(
  readEvidence: () => CardEvidence,
  presentation: Presentation,
  ports: AuthenticationPorts,
): Promise<AuthenticatedCitizen> {
  const at = ports.clock();
  let certificate: Certificate | undefined;
  let status: RevocationStatus | undefined;
  let accountId: string | undefined;
  try {
    const evidence = readEvidence();
    certificate = evidence.unverifiedCertificate;
    const { document, path } = recogniseDocument(certificate, await ports.documents(), at);
    provePossession(evidence, path);
    const { revocation, revocationPolicies: policies = DEFAULT_POLICIES } = document;
    status = decideRevocation(path, await revocation.evidenceFor(path, at), { at, policies });
    requireAcceptable(status);
    const person = readPerson(path, document.profile);
    const citizen = describeCitizen(person, path, document.profile, evidence, status, at, ports);
    accountId = citizen.accountId;
    if (await ports.isSuspended(accountId)) {
      throw new IdentityError('CITIZEN_SUSPENDED', 'an officer suspended the citizen');
    }
    await ports.audit.append({
      type: 'citizen.authenticated',
      ...presentation,
      accountId,
      profile: citizen.profile,
      acr: acrOf(citizen.assurance.level),
      certificateSha256: certificate.sha256,
      anchorKeySha256: path.anchor.certificate.publicKey.keySha256,
      revocation: revocationRecord(status),
    });
    return citizen;
  } catch (error) {
    if (error instanceof ThiqaError && error.code === 'AUDIT_UNAVAILABLE') throw error;
    await ports.audit.append({
      type: 'citizen.refused',
      ...presentation,
      code: error instanceof ThiqaError ? error.code : 'INTERNAL',
      ...(certificate && { certificateSha256: certificate.sha256 }),
      ...(status && { revocation: revocationRecord(status) }),
      ...(accountId !== undefined && { accountId }),
    });
    throw error;
  }
}

function describeCitizen(
  person: NaturalPerson,
  path: ValidatedPath,
  profile: DocumentProfile,
  { method, unverifiedCertificate: certificate }: CardEvidence,
  revocation: RevocationStatus,
  at: Date,
  ports: AuthenticationPorts,
): AuthenticatedCitizen {
  const assurance = earnedAssurance(profile.assurance);
  // Nobody knows whether the card was stolen: an exception of the policy lets it pass, and no more than that.
  const level = revocation.status === 'good' ? assurance.level : 'low';
  const document = readDocument(path, profile);
  const citizen: Omit<AuthenticatedCitizen, symbol> = {
    accountId: ports.accountIdOf(person.nationalIdentifier),
    person,
    maskedIdentifier: maskIdentifier(person.nationalIdentifier),
    ...(document && { document }),
    evidence: {
      method,
      level,
      ...(profile.trustFramework !== undefined && { trustFramework: profile.trustFramework }),
      certificate: {
        issuer: nameText(certificate.issuer),
        serialNumber: certificate.serialNumber,
        sha256: certificate.sha256,
      },
      revocation: revocationEvidence(revocation),
    },
    profile: profile.id,
    assurance: { ...assurance, level },
    authenticatedAt: Math.floor(at.getTime() / 1000),
  };
  // The brand has no value at run time; this is the one place that gives it.
  return citizen as AuthenticatedCitizen;
}

function revocationEvidence(status: RevocationStatus): SignInEvidence['revocation'] {
  const { source, thisUpdate, nextUpdate, sha256 } = revocationRecord(status);
  return {
    status: status.status === 'good' ? 'good' : 'unknown',
    ...(status.evidence && { source: publicSource(source) }),
    ...(thisUpdate !== undefined && { thisUpdate }),
    ...(nextUpdate !== undefined && { nextUpdate }),
    ...(sha256 !== undefined && { sha256 }),
  };
}

/** Others learn addresses that are public anyway; of a file of this machine, its name alone. */
function publicSource(source: string): string {
  return /^https?:\/\//i.test(source) ? source : source.replace(/^.*[\\/]/s, '');
}

function revocationRecord(status: RevocationStatus): RevocationRecord {
  const { evidence } = status;
  return {
    status: status.status,
    source: evidence?.source ?? 'none',
    ...(evidence?.thisUpdate && { thisUpdate: evidence.thisUpdate.toISOString() }),
    ...(evidence?.nextUpdate && { nextUpdate: evidence.nextUpdate.toISOString() }),
    ...(evidence?.sha256 !== undefined && { sha256: evidence.sha256 }),
    ...(status.status === 'unknown' && { code: status.code }),
    ...(status.status === 'unknown' && status.exception && { exception: true }),
  };
}
