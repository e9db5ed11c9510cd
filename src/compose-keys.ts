/**
 * The keys of the running service, wired: the ring that its start opens, and the provider that always has the latest.
 */
import type { JWKS, Provider } from 'oidc-provider';
import type { AuditLog } from './audit/audit-log.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { readFirstKeys, readKeys, type ServiceKeys } from './keys-directory.ts';
import { CookieSignatures } from './oidc/cookie-signatures.ts';
import { openFirstRing } from './oidc/keys/first-ring.ts';
import { keyPolicy } from './oidc/keys/key-policy.ts';
import { type AssertionAlgorithm, DEFAULT_ALGORITHM, type KeyRing } from './oidc/keys/key-ring.ts';
import { LiveKeys } from './oidc/keys/live-keys.ts';
import { cookieKeys, providerKeys, signingAlgorithms } from './oidc/keys/provider-keys.ts';
import { type OpenedRing, SealedRing } from './oidc/keys/sealed-ring.ts';
import type { Log } from './operations/log.ts';
import type { Store } from './store/store.ts';

const WATCH_INTERVAL_MS = 5000;

export interface RingParts {
  readonly config: Pick<Config, 'keys' | 'lifetimes'>;
  readonly keys: ServiceKeys;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  /** False where the service has run on its store already: one that is new is not that store. */
  readonly mayBegin: boolean;
}

export interface ServiceRing extends RingParts {
  readonly sealed: SealedRing;
  readonly opened: OpenedRing;
}

/**
 * The ring of the store, or at the first start the one that the keys directory gives. When it is refused, the store is closed.
 * @throws ConfigurationError STORE_KEY_CHANGED, SUBJECT_KEY_CHANGED, KEYS_MISSING, CONFIG_INVALID; ServiceError
 *   STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
 */
export async function openServiceRing(parts: RingParts): Promise<ServiceRing> {
  const { config, keys, store, audit, clock, log, mayBegin } = parts;
  const sealed = new SealedRing({ store: store.keyRing, storeKey: keys.storeKey, audit });
  try {
    const opened = await openFirstRing(sealed, {
      subjectKey: keys.subjectKey,
      mayBegin,
      readFirstKeys: () => {
        const first = readFirstKeys(config.keys.directory);
        log.info('first-start');
        return first;
      },
      at: clock(),
    });
    return { ...parts, sealed, opened };
  } catch (error) {
    await store.close();
    throw error;
  }
}

export interface LiveProvider {
  readonly currentProvider: () => Provider;
  readonly cookieSignatures: CookieSignatures;
  /** Looks at the ring now. @throws as LiveKeys.follow */
  follow(): Promise<void>;
  close(): void;
}

/** @param createProvider makes a provider with these keys, whose cookies are signed so */
export function followKeys(
  { sealed, opened, config, clock, log }: ServiceRing,
  createProvider: (jwks: JWKS, cookieSignatures: CookieSignatures) => Provider,
): LiveProvider {
  const cookieSignatures = new CookieSignatures(cookieKeys(opened.ring));
  let provider = createProvider(providerKeys(opened.ring), cookieSignatures);
  const liveKeys = new LiveKeys({
    ring: sealed,
    policy: keyPolicy(config.keys, config.lifetimes),
    clock,
    opened,
    onChange(ring: KeyRing) {
      // Made before anything is changed: a set of keys that it refuses leaves everything as it was.
      const next = createProvider(providerKeys(ring), cookieSignatures);
      cookieSignatures.use(cookieKeys(ring));
      provider = next;
      log.info('keys', { published: ring.keys.filter(({ publicJwk }) => publicJwk !== undefined).length });
    },
  });
  const watching = setInterval(() => {
    liveKeys.follow().catch((error: unknown) => log.failure('keys', error));
  }, WATCH_INTERVAL_MS);
  return {
    currentProvider: () => provider,
    cookieSignatures,
    follow: () => liveKeys.follow(),
    close: () => clearInterval(watching),
  };
}

/**
 * What a portal may register, for a command beside the service: what the keys of the store sign for.
 * @throws ConfigurationError STORE_KEY_CHANGED, KEYS_MISSING, CONFIG_INVALID; ServiceError STORE_UNAVAILABLE, AUDIT_UNAVAILABLE
 */
export async function offeredAlgorithms(
  { keys: settings }: Pick<Config, 'keys'>,
  store: Store,
  audit: AuditLog,
): Promise<readonly AssertionAlgorithm[]> {
  // Before the first start there is nothing to open, and the first key will be of the default.
  if ((await store.keyRing.version()) === 0) return [DEFAULT_ALGORITHM];
  const { storeKey } = readKeys(settings.directory, settings.storeKey);
  const opened = await new SealedRing({ store: store.keyRing, storeKey, audit }).read();
  return opened ? signingAlgorithms(opened.ring) : [DEFAULT_ALGORITHM];
}
