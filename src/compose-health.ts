/**
 * Gathers what health is assessed from: the store, the audit log, the certificates that everything rests on, and the
 * revocation sources of this process.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { AuditLog } from './audit/audit-log.ts';
import type { Clock } from './clock.ts';
import type { PortalHost } from './compose-portal-host.ts';
import type { Config } from './config.ts';
import { type Code, ThiqaError } from './errors.ts';
import type { TlsCredentials } from './http/tls-server.ts';
import type { DocumentRevocation } from './network/document-revocation.ts';
import {
  assessHealth,
  type CertificateLife,
  type HealthReport,
  type ListenerKind,
  type RevocationException,
  type RevocationPlace,
} from './operations/health.ts';
import type { Certificate } from './pki/certificate.ts';
import type { Store } from './store/store.ts';
import type { TrustState } from './trust/accepted-documents.ts';
import type { DocumentTrust } from './trust/document-trust.ts';

export interface HealthParts {
  readonly config: Config;
  /** What our listeners show of themselves, as it now is. */
  readonly listenerCredentials: readonly { readonly kind: ListenerKind; readonly credentials: TlsCredentials }[];
  readonly documents: {
    /** Follows the trust list, which the store must tell. */
    current(): Promise<unknown>;
    readonly state: TrustState;
    readonly sources: readonly { readonly document: DocumentTrust; readonly source: DocumentRevocation }[];
  };
  /** The CAs of portals, where there are some (RFC 8705). */
  readonly portalAuthorities: PortalHost['authorities'];
  /** Looks at the key ring now, as every few seconds. */
  readonly followKeys: () => Promise<void>;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Those that the revocation policies of the documents have in force or ahead. */
  readonly revocationExceptions?: () => readonly RevocationException[];
}

/** The report never rejects: what cannot be had is what it tells. */
export function createHealth(parts: HealthParts): () => Promise<HealthReport> {
  const {
    config,
    listenerCredentials,
    documents,
    portalAuthorities,
    followKeys,
    store,
    audit,
    clock,
    revocationExceptions = () => [],
  } = parts;
  return async () => {
    const storeFailure = await failureOf(async () => {
      await documents.current();
      await writeTo(store, clock());
    });
    const auditFailure = await failureOf(() => store.audit.read(0, 1));
    const keysFailure = await failureOf(followKeys);
    const sources = [
      ...documents.sources.map(({ document, source }) => ({ profile: document.profile.id, source })),
      ...(portalAuthorities ? [{ profile: PORTALS, source: portalAuthorities.revocation }] : []),
    ];
    // What keeps the store from telling has a check already.
    const logoutBacklog = await store.logoutNotices.backlog().catch(() => []);
    await Promise.all(sources.map(({ source }) => source.lookAtFiles()));
    const { trusted, damaged, configurationRefused } = documents.state;
    return assessHealth({
      at: clock(),
      lookAheadDays: config.health.lookAheadDays,
      storeFailure,
      auditFailure,
      keysFailure,
      lastAuditAppend: audit.lastAppend,
      configurationRefused,
      damagedTrustEntries: damaged,
      profiles: documents.sources.map(({ document }) => document.profile.id),
      certificates: [
        ...listenerCredentials.map(listenerLife),
        ...trusted.map(({ kind, profile, certificate: { publicKey, notBefore, notAfter } }) => {
          return { kind, profile, keySha256: publicKey.keySha256, notBefore, notAfter };
        }),
        ...(portalAuthorities ? portalLives(portalAuthorities) : []),
      ],
      revocationPlaces: sources.flatMap(({ profile, source }) =>
        source.states.map((state): RevocationPlace => ({ profile, ...state })),
      ),
      logoutBacklog,
      revocationExceptions: [
        ...revocationExceptions(),
        ...(portalAuthorities?.revocation.exceptions ?? []).map((one) => ({ profile: PORTALS, ...one })),
      ],
    });
  };
}

/** Stands where documents have their profile: no citizen is concerned, and so no document fails with it. */
const PORTALS = 'mtls.authorities';

function portalLives({ anchors, intermediates }: NonNullable<PortalHost['authorities']>): CertificateLife[] {
  const lifeOf = (kind: 'anchor' | 'intermediate', { publicKey, notBefore, notAfter }: Certificate) => {
    return { kind, profile: PORTALS, keySha256: publicKey.keySha256, notBefore, notAfter };
  };
  return [
    ...anchors.map(({ certificate }) => lifeOf('anchor', certificate)),
    ...intermediates.map((certificate) => lifeOf('intermediate', certificate)),
  ];
}

/** The certificate is for browsers, so OpenSSL's reading of it is the one that counts. */
function listenerLife({ kind, credentials }: HealthParts['listenerCredentials'][number]): CertificateLife {
  const { publicKey, validFromDate: notBefore, validToDate: notAfter } = new X509Certificate(credentials.certificate);
  const keySha256 = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return { kind, keySha256, notBefore, notAfter };
}

/** A store that can only be read signs nobody in. What is written is a counter of nobody's, which is over at once. */
async function writeTo({ rateLimits }: Store, at: Date): Promise<void> {
  await rateLimits.add('health', 1, at, at);
}

async function failureOf(attempt: () => Promise<unknown>): Promise<Code | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof ThiqaError ? error.code : 'INTERNAL';
  }
}
