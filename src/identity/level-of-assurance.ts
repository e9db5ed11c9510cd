/**
 * The level of assurance that a sign-in earns (eIDAS Implementing Regulation (EU) 2015/1502), and how a portal reads
 * it: `acr` (OpenID Connect Core 2) and `amr` (RFC 8176).
 */

export const LEVELS_OF_ASSURANCE = ['low', 'substantial', 'high'] as const;
export type LevelOfAssurance = (typeof LEVELS_OF_ASSURANCE)[number];

/** RFC 8176 2: the methods that a document can earn. */
export const AUTHENTICATION_METHODS = ['hwk', 'swk', 'sc', 'pin', 'mfa'] as const;
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

export interface Assurance {
  readonly level: LevelOfAssurance;
  readonly methods: readonly AuthenticationMethod[];
}

const EIDAS_LEVEL = 'http://eidas.europa.eu/LoA/';

/** The `acr` value of a level: the eIDAS URI. */
export function acrOf(level: LevelOfAssurance): string {
  return EIDAS_LEVEL + level;
}

/** A key in software proves less than a card: it never earns more than `low`. */
export function earnedAssurance(claimed: Assurance): Assurance {
  return claimed.methods.includes('swk') ? { ...claimed, level: 'low' } : claimed;
}
