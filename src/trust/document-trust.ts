/**
 * Who is trusted for one document: the baseline of the configuration, and what the trust list adds to it.
 */
import { ThiqaError } from '../errors.ts';
import type { DocumentProfile } from '../identity/document-profile.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';
import { createTrustAnchor, type TrustAnchor } from '../pki/trust-anchor.ts';
import type { TrustEntry, TrustKind, TrustSubject } from './trust-list.ts';

/** What the configuration says of one document, as far as trust goes. */
export interface DocumentTrust {
  readonly profile: DocumentProfile;
  readonly anchors: readonly TrustAnchor[];
  readonly intermediates: readonly Certificate[];
}

/** An entry of the trust list that is not what it says it is, and so is not trusted. */
export interface DamagedEntry {
  readonly subject: TrustSubject;
  readonly error: ThiqaError;
}

/** One certificate that a document trusts. */
export interface TrustedCertificate {
  readonly profile: string;
  readonly kind: TrustKind;
  readonly certificate: Certificate;
}

/**
 * The document with the entries of its profile beside its own anchors and intermediates.
 * @param damaged told of each entry whose certificate is malformed, no CA's, or has another key than its own pin
 */
export function withTrustList<D extends DocumentTrust>(
  document: D,
  entries: readonly TrustEntry[],
  damaged: (entry: DamagedEntry) => void,
): D {
  const added = entries.flatMap((entry) => {
    if (entry.profile !== document.profile.id) return [];
    try {
      return [{ kind: entry.kind, anchor: createTrustAnchor(certificateOf(entry), { keySha256: entry.keySha256 }) }];
    } catch (error) {
      // Less is trusted then, never more.
      if (!(error instanceof ThiqaError)) throw error;
      damaged({ subject: entry, error });
      return [];
    }
  });
  const of = (kind: TrustKind): TrustAnchor[] => added.filter((one) => one.kind === kind).map(({ anchor }) => anchor);
  const anchors = [...document.anchors, ...of('anchor')];
  const intermediates = [...document.intermediates, ...of('intermediate').map(({ certificate }) => certificate)];
  return {
    ...document,
    anchors: withoutRepetition(anchors, ({ certificate }) => certificate.sha256),
    intermediates: withoutRepetition(intermediates, ({ sha256 }) => sha256),
  };
}

/** @throws CertificateError CERT_MALFORMED, CERT_TOO_LARGE */
export function certificateOf({ certificate }: TrustEntry): Certificate {
  return parseCertificate(certificate);
}

/** Every certificate that the documents trust. */
export function trustedCertificates(documents: readonly DocumentTrust[]): TrustedCertificate[] {
  return documents.flatMap(({ profile: { id: profile }, anchors, intermediates }) => [
    ...anchors.map(({ certificate }) => ({ profile, kind: 'anchor', certificate }) as const),
    ...intermediates.map((certificate) => ({ profile, kind: 'intermediate', certificate }) as const),
  ]);
}

export function subjectOf({ profile, kind, certificate }: TrustedCertificate): TrustSubject {
  return { profile, kind, keySha256: certificate.publicKey.keySha256, certificateSha256: certificate.sha256 };
}

export function isSameSubject(one: TrustSubject, other: TrustSubject): boolean {
  return one.profile === other.profile && one.kind === other.kind && one.certificateSha256 === other.certificateSha256;
}

function withoutRepetition<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
