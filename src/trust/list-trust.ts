/**
 * Everything that is trusted, for an officer to read: the configuration's first, then the trust list's.
 */
import { ThiqaError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { nameText } from '../pki/name-text.ts';
import { certificateOf, type DocumentTrust, trustedCertificates } from './document-trust.ts';
import type { TrustKind, TrustListReader } from './trust-list.ts';

export interface ListedTrust {
  readonly profile: string;
  readonly kind: TrustKind;
  readonly source: 'configuration' | 'store';
  readonly keySha256: string;
  readonly certificateSha256: string;
  /** Of an entry that can be read. */
  readonly life?: {
    /** For reading only: a name is never compared, nor anything read from it, in this form. */
    readonly subject: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** Whole days until `notAfter`; negative when it is past. */
    readonly daysLeft: number;
  };
  readonly addedAt?: Date;
  /** Why nothing is accepted on the ground of it. */
  readonly note?: string;
}

const DAY = 86_400_000;

/** @throws ServiceError STORE_UNAVAILABLE */
export async function listTrust(
  documents: readonly DocumentTrust[],
  trust: TrustListReader,
  at: Date,
): Promise<readonly ListedTrust[]> {
  const configured = trustedCertificates(documents).map(
    ({ profile, kind, certificate }): ListedTrust => ({
      profile,
      kind,
      source: 'configuration',
      keySha256: certificate.publicKey.keySha256,
      certificateSha256: certificate.sha256,
      life: lifeOf(certificate, at),
    }),
  );
  const known = new Set(documents.map(({ profile }) => profile.id));
  const listed = (await trust.read()).entries.map((entry): ListedTrust => {
    const { profile, kind, keySha256, certificateSha256, addedAt } = entry;
    const common = { profile, kind, source: 'store', keySha256, certificateSha256, addedAt } as const;
    try {
      const life = lifeOf(certificateOf(entry), at);
      return known.has(profile)
        ? { ...common, life }
        : { ...common, life, note: 'no document of the configuration has this profile' };
    } catch (error) {
      if (!(error instanceof ThiqaError)) throw error;
      return { ...common, note: `the stored certificate cannot be read (${error.code}), so it is not trusted` };
    }
  });
  return [...configured, ...listed];
}

function lifeOf({ subject, notBefore, notAfter }: Certificate, at: Date): NonNullable<ListedTrust['life']> {
  const daysLeft = Math.floor((notAfter.getTime() - at.getTime()) / DAY);
  return { subject: nameText(subject), notBefore, notAfter, daysLeft };
}
