/**
 * What onboarding a portal needs, for whoever does it: the command line, the demonstration. The abilities are those of the
 * service that will run on the same configuration.
 */
import { readFileSync } from 'node:fs';
import type { AuditLog } from './audit/audit-log.ts';
import type { Clock } from './clock.ts';
import { offeredAlgorithms } from './compose-keys.ts';
import type { Config } from './config.ts';
import { ConfigurationError } from './errors.ts';
import type { GuardedFetch } from './network/guarded-fetch.ts';
import {
  createPortalFetch,
  createPortalPost,
  fetchJsonBy,
  type PortalFetchExceptions,
} from './network/portal-fetch.ts';
import { APPROVABLE_CLAIMS } from './oidc/claims.ts';
import type { OnboardingPorts } from './relying-party/register-portal.ts';
import type { Store } from './store/store.ts';

export interface OnboardingParts {
  readonly config: Config;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** @throws as `offeredAlgorithms` */
export async function onboardingPorts({ config, store, audit, clock }: OnboardingParts): Promise<OnboardingPorts> {
  return {
    portals: store.portals,
    audit,
    clock,
    approvableClaims: APPROVABLE_CLAIMS,
    abilities: {
      signingAlgorithms: await offeredAlgorithms(config, store, audit),
      mutualTls: config.mtls !== undefined,
      portalAuthorities: config.mtls?.authorities !== undefined,
      isSandbox: config.sandbox !== undefined,
    },
    fetchJson: fetchJsonBy(portalFetchOf(config)),
  };
}

/** To the addresses that portals supply. @throws ConfigurationError CONFIG_UNREADABLE */
export function portalFetchOf(config: Config): GuardedFetch {
  return createPortalFetch(portalExceptions(config));
}

/** @throws ConfigurationError CONFIG_UNREADABLE */
export function portalPostOf(config: Config): ReturnType<typeof createPortalPost> {
  return createPortalPost(portalExceptions(config));
}

function portalExceptions({ sandbox }: Config): PortalFetchExceptions {
  const { portalHosts = [], portalAuthority } = sandbox ?? {};
  return {
    hosts: portalHosts,
    authorities: portalAuthority === undefined ? undefined : readAuthority(portalAuthority),
  };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError('CONFIG_UNREADABLE', `${file} cannot be read`, { cause });
  }
}
