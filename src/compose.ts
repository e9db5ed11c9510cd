/**
 * The composition root: the one place that picks concrete adapters and wires them.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { AuditLog } from './audit/audit-log.ts';
import { createCardPresentations } from './authentication/card-presentation.ts';
import type { PresentationPorts } from './authentication/presentation.ts';
import { trustedPeers } from './authentication/proxy-certificate.ts';
import { createWebEidPresentations } from './authentication/web-eid-presentation.ts';
import { createCitizenRecords } from './citizen/citizen-record.ts';
import { type Clock, systemClock } from './clock.ts';
import { createHealth } from './compose-health.ts';
import { openServiceRing } from './compose-keys.ts';
import {
  cardAddresses,
  cardHostMode,
  credentialsOfCardHost,
  type ListenerCredentials,
  rereadCredentials,
} from './compose-listeners.ts';
import { composePortalHost } from './compose-portal-host.ts';
import { composeProvider } from './compose-provider.ts';
import type { Config } from './config.ts';
import type { Code } from './errors.ts';
import { createApp, createIssuerServer } from './http/app.ts';
import { createCardHost, offerIssuers } from './http/card-host.ts';
import type { AddressLimits } from './http/limit-requests.ts';
import { createManagementServer } from './http/management.ts';
import type { Sandbox } from './http/sandbox.ts';
import { StoredCredentials, useCredentials } from './http/tls-server.ts';
import { readKeys } from './keys-directory.ts';
import { createRateLimits, WITHOUT_RATE_LIMITS } from './limits/rate-limits.ts';
import type { Schedule } from './network/crl-source.ts';
import { DocumentRevocation, type DocumentRevocationOptions } from './network/document-revocation.ts';
import { recentNotBefore } from './not-before.ts';
import { createInteractions } from './oidc/interaction.ts';
import { accountIdOf } from './oidc/subject-identifier.ts';
import { SubmittedInteractions } from './oidc/submitted-interactions.ts';
import type { HealthReport } from './operations/health.ts';
import type { Log } from './operations/log.ts';
import { recentPortals } from './relying-party/recent-portals.ts';
import { closeListeners, type Listener, openListeners, runEach } from './service.ts';
import { openStore as openConfiguredStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import { AcceptedDocuments } from './trust/accepted-documents.ts';
import type { TrustedCertificate } from './trust/document-trust.ts';

export interface Service {
  /** Opens the listeners; ends quietly when the service is stopped meanwhile. @throws ConfigurationError PORT_TAKEN; ServiceError AUDIT_UNAVAILABLE */
  start(): Promise<void>;
  /**
   * Drains, and closes everything, whatever fails meanwhile; safe to call once.
   * @param options.gently as `closeListeners` has it
   * @throws the first failure; ServiceError AUDIT_UNAVAILABLE when the end is not on record
   */
  stop(options?: { readonly gently?: boolean }): Promise<void>;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly issuerServer: Server;
  readonly cardServer: Server;
  /** What an operator must know of this process. Never rejects. */
  health(): Promise<HealthReport>;
  /**
   * Reads the TLS certificates of the listeners, the documents of the configuration, the hosts of its `revocation`, and
   * the trust list and the key ring again. A certificate that cannot be used, and a configuration with problems, are refused whole and
   * logged; what was in use stays. Resolves with the code for which the configuration was refused; undefined where it is in
   * force. @throws ServiceError STORE_UNAVAILABLE
   */
  reload(): Promise<Code | undefined>;
}

export interface ServiceOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** The configuration as it stands now; without it, a reload concerns the trust list only. */
  readonly readConfig?: () => Config;
  /** For tests: runs the renewals of CRLs. */
  readonly schedule?: Schedule | undefined;
  /** Where this process is one of several: another one records the start and the end of the service. */
  readonly worker?:
    | {
        readonly hasSharedWork: () => boolean;
        /** Of the service since its start: all others go on with the store of this one. */
        readonly isFirst: boolean;
      }
    | undefined;
  /** For measurements: a store in place of the one that the configuration names. */
  readonly openStore?: (() => Promise<Store>) | undefined;
}

/** The service's own start or end, where it has several processes and none of them has the store open for good. */
export async function recordService(
  { issuer, store: settings }: Config,
  type: 'service.started' | 'service.stopped',
  clock: Clock = systemClock,
): Promise<void> {
  const store = await openConfiguredStore(settings, { create: false });
  try {
    await new AuditLog(store.audit, clock).append({ type, issuer });
  } finally {
    await store.close();
  }
}

const SWEEP_INTERVAL_MS = 60_000;
const TRUST_WATCH_INTERVAL_MS = 5000;
const LOGOUT_WATCH_INTERVAL_MS = 1000;
const TRUST_RECORDING_PAUSE_MS = 50;

/**
 * Everything wired, nothing listening yet.
 * @throws ConfigurationError KEYS_MISSING, CONFIG_INVALID, CONFIG_UNREADABLE, TLS_CERTIFICATE_UNUSABLE,
 *   STORE_KEY_CHANGED, SUBJECT_KEY_CHANGED; ServiceError STORE_UNAVAILABLE, STORE_SCHEMA_NEWER, STORE_SINGLE_USE_BROKEN, AUDIT_UNAVAILABLE
 */
export async function composeService(
  config: Config,
  { log, clock = systemClock, readConfig, schedule, worker, openStore }: ServiceOptions,
): Promise<Service> {
  const { issuer, lifetimes } = config;
  const keys = readKeys(config.keys.directory, config.keys.storeKey);
  const cardCredentials = credentialsOfCardHost(config);
  const mode = cardHostMode(config, cardCredentials);
  const issuerCredentials = config.tls && new StoredCredentials(config.tls);
  const { indexDirectory: indexPath } = config.revocation;
  const indexDirectory = indexPath === undefined ? undefined : { path: indexPath, key: crlIndexKey(keys.subjectKey) };
  const revocationOptions: DocumentRevocationOptions = {
    refreshIntervalSeconds: config.revocation.refreshIntervalSeconds,
    clock,
    schedule,
    indexDirectory,
    report: ({ source, outcome, code, cause }) => {
      if (outcome === 'index-not-kept') log.failure('crl-index', cause, { source });
      else if (outcome === 'failed') log.failure('revocation-source', cause, { source, code: String(code) });
      else log.info('revocation-source', { source });
    },
  };
  const portalHost = composePortalHost(config, revocationOptions);
  const sandbox = await openSandbox(config);
  const mayBegin = worker?.isFirst ?? true;
  const store = await (openStore?.() ??
    openConfiguredStore(config.store, {
      create: mayBegin,
      report: (server) => log.info('store', { ...server }),
    }));
  const audit = new AuditLog(store.audit, clock);
  const portals = recentPortals(store.portals, clock);
  const notBefore = recentNotBefore(store.notBefore, clock);
  const ring = await openServiceRing({ config, keys, store, audit, clock, log, mayBegin });
  const citizens = createCitizenRecords(store.citizens, keys.subjectKey, recordSeconds(lifetimes), clock);
  const refusalPages = { assets: issuer, log, audit, clock, sandbox };

  const { limits } = config;
  const addressLimits: AddressLimits = {
    // Who may speak for a handshake may speak for an address.
    proxies: trustedPeers([
      ...limits.trustedProxies,
      ...(config.cardHost.header?.trustedPeers ?? []),
      ...(config.mtls?.header?.trustedPeers ?? []),
    ]),
    limits: limits.enabled
      ? createRateLimits({ ...limits, store: store.rateLimits, audit, clock, addressKey: keys.subjectKey })
      : WITHOUT_RATE_LIMITS,
    connectionsPerAddress: limits.enabled ? limits.connectionsPerAddress : Number.POSITIVE_INFINITY,
  };

  const documents = new AcceptedDocuments({
    trust: store.trust,
    audit,
    clock,
    documents: documentsOf(config),
    readDocuments: readConfig && (() => documentsOf(readConfig())),
    openSource: (document) => new DocumentRevocation(document, { ...revocationOptions, answers: store.ocspAnswers }),
    pause: () => setTimeout(TRUST_RECORDING_PAUSE_MS),
    onChange: (trusted) => {
      log.info('trust', { certificates: trusted.length });
      offer(trusted);
    },
    report: (event, error, subject) =>
      log.failure(event, error, subject && { profile: subject.profile, keySha256: subject.keySha256 }),
  });
  const presentationPorts: PresentationPorts = {
    documents: () => documents.current(),
    audit,
    clock,
    accountIdOf: (identifier) => accountIdOf(identifier, keys.subjectKey),
    isSuspended: async (accountId) => (await store.standings.find(accountId))?.isSuspended ?? false,
    challenges: store.challenges,
    reportUnforeseen: (error) => log.failure('authenticate-citizen', error),
  };
  const presentations = createCardPresentations({
    ...presentationPorts,
    handOffs: store.handOffs,
    challengeSeconds: lifetimes.challengeSeconds,
    handOffSeconds: lifetimes.handOffSeconds,
  });

  const submitted = new SubmittedInteractions();
  const { liveProvider, logoutDelivery } = composeProvider({
    config,
    ring,
    portals,
    notBefore,
    citizens,
    submitted,
    documents,
    countClient: addressLimits.limits.countClient,
    mutualTls: portalHost?.mutualTls,
    refusalPages,
  });
  const { currentProvider, cookieSignatures } = liveProvider;

  const app = createApp({
    ...refusalPages,
    ...addressLimits,
    currentProvider,
    cookieSignatures,
    issuer,
    interactions: createInteractions({ currentProvider, portals, submitted }),
    presentations,
    webEid: createWebEidPresentations({
      ...presentationPorts,
      origin: issuer,
      nonceSeconds: lifetimes.challengeSeconds,
    }),
    citizens,
    consents: store.consents,
    ...cardAddresses(config),
  });
  const issuerServer = createIssuerServer(app, addressLimits, issuerCredentials);
  const cardServer = createCardHost({
    ...refusalPages,
    ...addressLimits,
    issuer,
    domain: config.cardHost.domain,
    presentations,
    mode,
    handshakeSeconds: lifetimes.challengeSeconds,
  });
  const portalServer = portalHost?.createServer({ ...refusalPages, ...addressLimits, currentProvider });
  /** Browsers offer the cards of these issuers. One that OpenSSL cannot read must cost the others nothing. */
  function offer(trusted: readonly TrustedCertificate[]): void {
    try {
      offerIssuers(
        cardServer,
        mode,
        trusted.map(({ certificate }) => certificate.subject),
      );
    } catch (error) {
      log.failure('offered-issuers', error);
    }
  }

  const listenerCredentials: ListenerCredentials[] = [];
  if (issuerCredentials) {
    const use = () => useCredentials(issuerServer, issuerCredentials);
    listenerCredentials.push({ kind: 'issuer-host', credentials: issuerCredentials, use });
  }
  if (cardCredentials) {
    const use = () => offer(documents.state.trusted);
    listenerCredentials.push({ kind: 'card-host', credentials: cardCredentials, use });
  }
  if (portalHost?.credentials && portalServer) {
    const use = () => portalHost.useCredentials(portalServer);
    listenerCredentials.push({ kind: 'portal-host', credentials: portalHost.credentials, use });
  }
  const health = createHealth({
    config,
    listenerCredentials,
    documents,
    portalAuthorities: portalHost?.authorities,
    followKeys: () => liveProvider.follow(),
    store,
    audit,
    clock,
    revocationExceptions: () =>
      documents.sources.flatMap(({ document: { profile }, source }) =>
        source.exceptions.map((exception) => ({ profile: profile.id, ...exception })),
      ),
  });
  const managementServer = config.management && createManagementServer({ health, log });
  const listeners: Listener[] = [
    { name: 'the issuer', server: issuerServer, ...config.listen },
    { name: 'the card host', server: cardServer, ...config.cardHost.listen },
    ...(config.mtls && portalServer
      ? [{ name: "the portals' host", server: portalServer, ...config.mtls.listen }]
      : []),
    ...(config.management && managementServer
      ? [{ name: 'management', server: managementServer, ...config.management.listen }]
      : []),
  ];
  // A browser learns which cards to offer before any authentication.
  const watching = setInterval(() => {
    documents.current().catch((error: unknown) => log.failure('trust', error));
  }, TRUST_WATCH_INTERVAL_MS);
  const sweeping = setInterval(() => {
    if (worker?.hasSharedWork() === false) return;
    store.sweep(clock()).catch((error: unknown) => log.failure('sweep', error));
  }, SWEEP_INTERVAL_MS);

  // What another process has left, and what is due again.
  const notifying = setInterval(() => logoutDelivery.wake(), LOGOUT_WATCH_INTERVAL_MS);

  /** No request and no notice is under way afterwards. */
  const draining = (drainSeconds: number, options?: { readonly gently?: boolean }) => [
    () => closeListeners(listeners, drainSeconds, options),
    () => clearInterval(notifying),
    () => logoutDelivery.stop(),
  ];
  const closings = [
    () => clearInterval(sweeping),
    () => clearInterval(watching),
    () => liveProvider.close(),
    () => documents.close(),
    () => portalHost?.close(),
    () => store.close(),
  ];
  let isStopping = false;
  /** Of the start of the service, once it is asked for. */
  let startRecord: Promise<unknown> | undefined;
  return {
    store,
    audit,
    issuerServer,
    cardServer,
    health,
    async reload() {
      for (const listener of listenerCredentials) rereadCredentials(listener, log);
      // Who cannot follow the keys goes on with those that it had, and health says so: no reason to refuse the rest.
      const keys = liveProvider.follow().catch((error: unknown) => log.failure('keys', error));
      await Promise.all([keys, documents.reload()]);
      return documents.state.configurationRefused?.code;
    },
    async start() {
      try {
        await openListeners(listeners);
        // The first citizen need not wait for what can be had before.
        await documents.current();
        await Promise.all([...documents.sources.map(({ source }) => source.refresh()), portalHost?.refresh()]);
        if (isStopping) return;
        if (worker === undefined) startRecord = audit.append({ type: 'service.started', issuer });
        await startRecord;
      } catch (error) {
        if (isStopping) return; // what it needs is closed
        await runEach([...draining(0), ...closings]).catch(() => undefined); // the first error is the one to tell
        throw error;
      }
      if (worker === undefined && !isStopping) log.info('started', { issuer, ...(sandbox && { sandbox: true }) });
    },
    async stop(options) {
      isStopping = true;
      const recordEnd = startRecord === undefined ? [] : [() => audit.append({ type: 'service.stopped', issuer })];
      await runEach([...draining(config.drainSeconds, options), ...recordEnd, ...closings]);
      if (worker === undefined) log.info('stopped');
    },
  };
}

/**
 * What the configuration adds for a demonstration. Its code is loaded here and nowhere else.
 * @throws ConfigurationError CONFIG_UNREADABLE
 */
async function openSandbox({ sandbox, issuer }: Config): Promise<Sandbox | undefined> {
  if (sandbox === undefined) return undefined;
  if (!sandbox.virtualCards) return {};
  const { createVirtualCards } = await import('./demo/virtual-card/virtual-cards.ts');
  return { virtualCards: createVirtualCards({ directory: sandbox.directory, issuer }) };
}

/** As long as a session, and the last token that it can yield, may ask for the citizen's attributes. */
function recordSeconds({ sessionSeconds, authorizationCodeSeconds, accessTokenSeconds }: Config['lifetimes']): number {
  return sessionSeconds + authorizationCodeSeconds + accessTokenSeconds;
}

/** HKDF (RFC 5869): a key for this purpose alone, the same in every process of the service. */
function crlIndexKey(subjectKey: KeyObject): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', subjectKey, '', 'thiqa crl index v1', 32)));
}

/** A document, and where its revocation information may come from. */
function documentsOf({ documents, revocation: { allowedHosts, privateHosts } }: Config) {
  return documents.map((document) => ({ ...document, allowedHosts, privateHosts }));
}
