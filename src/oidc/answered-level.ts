/**
 * The `acr` of a code, and so of its ID token: the name by which the portal asked. The session keeps the eIDAS URI.
 */
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { AcrNames } from '../identity/level-of-assurance.ts';
import { levelOfSession, levelRequestOf } from './interaction-policy.ts';
import { acrFor } from './requested-level.ts';

export function answerByRequestedName(provider: Provider, names: AcrNames): void {
  // oidc-provider makes this class for each provider, and reads `acr` of it when it issues a code.
  const { prototype } = (provider as unknown as { OIDCContext: { prototype: object } }).OIDCContext;
  Object.defineProperty(prototype, 'acr', {
    get(this: KoaContextWithOIDC['oidc']) {
      const level = levelOfSession({ oidc: this });
      return level && acrFor(level, levelRequestOf({ oidc: this }, names), names);
    },
  });
}
