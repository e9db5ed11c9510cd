/**
 * How long each state of a key lasts: from the settings of the service, and from how long what a key signs is of use.
 */
import type { KeyPolicy } from './key-life.ts';

export interface KeySettings {
  /** How long the next key stands in the JWK set before it signs: as long as a portal may keep the set. */
  readonly publishSeconds: number;
  /** How long a portal may keep the set beyond that, when it fetches it seldom. */
  readonly cacheSeconds: number;
  readonly rotateAfterDays?: number | undefined;
}

export interface SignedLifetimes {
  readonly interactionSeconds: number;
  readonly sessionSeconds: number;
  readonly accessTokenSeconds: number;
  readonly idTokenSeconds: number;
}

/** Processes look at the ring every few seconds, and their clocks differ: one that is late may still sign so long. */
export const SPREAD_SECONDS = 60;

export function keyPolicy(settings: KeySettings, lifetimes: SignedLifetimes): KeyPolicy {
  const { interactionSeconds, sessionSeconds, accessTokenSeconds, idTokenSeconds } = lifetimes;
  // An ID token that has expired is still a hint (OpenID Connect Core 3.1.2.1) while its session lasts.
  const tokenSeconds = Math.max(idTokenSeconds, accessTokenSeconds, sessionSeconds);
  return {
    assertions: {
      publishSeconds: settings.publishSeconds,
      retiredSeconds: tokenSeconds + settings.cacheSeconds + SPREAD_SECONDS,
    },
    // No portal sees them: it is enough that every process does.
    cookies: {
      publishSeconds: SPREAD_SECONDS,
      retiredSeconds: Math.max(interactionSeconds, sessionSeconds) + SPREAD_SECONDS,
    },
    rotateAfterDays: settings.rotateAfterDays,
  };
}
