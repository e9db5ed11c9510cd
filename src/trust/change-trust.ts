/**
 * The officer's changes to the trust list. Each is on record before it takes effect: a CA that is trusted without a
 * record must not exist; a record without its change may, when the store fails between the two.
 */
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { ConfigurationError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { createTrustAnchor } from '../pki/trust-anchor.ts';
import { type DocumentTrust, isSameSubject, subjectOf, trustedCertificates } from './document-trust.ts';
import type { TrustKind, TrustListReader, TrustListWriter, TrustSubject } from './trust-list.ts';

export interface TrustPorts {
  /** Of the configuration, in its order. */
  readonly documents: readonly DocumentTrust[];
  readonly trust: TrustListReader & TrustListWriter;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export interface TrustAddition {
  readonly certificate: Certificate;
  /** Id of the document profile. */
  readonly profile: string;
  readonly kind: TrustKind;
  /** The key that is meant, hexadecimal: told to the officer by another way than the file. */
  readonly keySha256?: string | undefined;
}

export interface TrustAdded {
  readonly added: TrustSubject;
  /** What the officer should know of it. */
  readonly note?: string;
}

/**
 * @throws ConfigurationError TRUST_PROFILE_UNKNOWN, TRUST_ANCHOR_KEY_MISMATCH, TRUST_ANCHOR_NOT_CA (S18), TRUST_EXISTS;
 *   ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE
 */
export async function addTrust(addition: TrustAddition, ports: TrustPorts): Promise<TrustAdded> {
  const { certificate, profile, kind, keySha256 } = addition;
  requireProfile(profile, ports);
  // An intermediate is held to the same: whatever is no CA completes no path.
  createTrustAnchor(certificate, { keySha256 });
  const added = subjectOf({ profile, kind, certificate });
  const { entries } = await ports.trust.read();
  if ([...configuredSubjects(ports), ...entries].some((trusted) => isSameSubject(trusted, added))) throw alreadyThere();
  await ports.audit.append({ type: 'trust.added', source: 'store', ...added });
  const at = ports.clock();
  if (!(await ports.trust.put({ ...added, certificate: certificate.der, addedAt: at }))) throw alreadyThere();
  if (certificate.isExpiredAt(at)) return { added, note: 'the certificate has expired: no card is accepted under it' };
  if (certificate.isNotYetValidAt(at))
    return { added, note: 'the certificate is not yet valid: no card is accepted under it' };
  return { added };
}

export interface TrustRemoved {
  readonly removed: readonly TrustSubject[];
  readonly note?: string;
}

/**
 * Removes from the trust list whatever has this key for this profile.
 * @throws ConfigurationError TRUST_PROFILE_UNKNOWN, TRUST_NOT_FOUND; TRUST_CONFIGURED with `detail.places`, when only the
 *   configuration trusts the key; ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE
 */
export async function removeTrust(keySha256: string, profile: string, ports: TrustPorts): Promise<TrustRemoved> {
  const isMeant = (subject: TrustSubject): boolean =>
    subject.profile === profile && subject.keySha256 === keySha256.toLowerCase();
  const places = placesOf(isMeant, ports.documents);
  const found = (await ports.trust.read()).entries.filter(isMeant);
  if (found.length === 0) {
    if (places.length > 0) {
      throw new ConfigurationError('TRUST_CONFIGURED', `the configuration trusts it: ${places.join(', ')}`, {
        detail: { places },
      });
    }
    // An entry whose profile has left the configuration can be removed; a profile that nothing knows is a mistake.
    requireProfile(profile, ports);
    throw notFound();
  }
  const removed: TrustSubject[] = [];
  for (const { kind, certificateSha256, keySha256: key } of found) {
    const subject = { profile, kind, keySha256: key, certificateSha256 };
    await ports.audit.append({ type: 'trust.removed', source: 'store', ...subject });
    if (await ports.trust.remove(subject)) removed.push(subject);
  }
  if (removed.length === 0) throw notFound();
  return places.length === 0
    ? { removed }
    : { removed, note: `the configuration still trusts this key: ${places.join(', ')}` };
}

/** Asks every running process to read its configuration and the trust list again. */
export async function refreshTrust({ trust, audit }: Pick<TrustPorts, 'trust' | 'audit'>): Promise<void> {
  await audit.append({ type: 'trust.refreshed' });
  await trust.refresh();
}

function configuredSubjects({ documents }: TrustPorts): TrustSubject[] {
  return trustedCertificates(documents).map(subjectOf);
}

/** Where the configuration trusts it: `documents.0.trustAnchors.1`. */
function placesOf(isMeant: (subject: TrustSubject) => boolean, documents: readonly DocumentTrust[]): string[] {
  return documents.flatMap(({ profile, anchors, intermediates }, document) => {
    const place = (kind: TrustKind, section: string) => (certificate: Certificate, index: number) =>
      isMeant(subjectOf({ profile: profile.id, kind, certificate }))
        ? [`documents.${document}.${section}.${index}`]
        : [];
    return [
      ...anchors.map(({ certificate }) => certificate).flatMap(place('anchor', 'trustAnchors')),
      ...intermediates.flatMap(place('intermediate', 'intermediates')),
    ];
  });
}

function requireProfile(profile: string, { documents }: TrustPorts): void {
  if (documents.some(({ profile: { id } }) => id === profile)) return;
  throw new ConfigurationError('TRUST_PROFILE_UNKNOWN', 'no document of the configuration has this profile', {
    detail: { profiles: documents.map(({ profile: { id } }) => id) },
  });
}

function alreadyThere(): ConfigurationError {
  return new ConfigurationError('TRUST_EXISTS', 'this certificate is trusted for this profile already');
}

function notFound(): ConfigurationError {
  return new ConfigurationError('TRUST_NOT_FOUND', 'no certificate with this key is trusted for this profile');
}
