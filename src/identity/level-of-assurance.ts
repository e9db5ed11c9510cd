/**
 * The level of assurance that a sign-in earns (eIDAS Implementing Regulation (EU) 2015/1502), and how a portal reads
 * it: `acr` (OpenID Connect Core 2) and `amr` (RFC 8176).
 */

/** From the lowest to the highest. */
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

/** The `acr` value of a level unless a portal asks by another name: the eIDAS URI. */
export function acrOf(level: LevelOfAssurance): string {
  return EIDAS_LEVEL + level;
}

/** Every `acr` value by which a portal may ask for a level: the eIDAS URI, the short name, and those of the configuration. */
export type AcrNames = ReadonlyMap<string, LevelOfAssurance>;

export function acrNames(aliases: Readonly<Record<string, LevelOfAssurance>> = {}): AcrNames {
  return new Map([
    ...LEVELS_OF_ASSURANCE.map((level) => [acrOf(level), level] as const),
    ...LEVELS_OF_ASSURANCE.map((level) => [level, level] as const),
    ...Object.entries(aliases),
  ]);
}

/** A level contains those below it (Implementing Regulation (EU) 2015/1502, Annex 2). */
export function isAtLeast(level: LevelOfAssurance, minimum: LevelOfAssurance): boolean {
  return LEVELS_OF_ASSURANCE.indexOf(level) >= LEVELS_OF_ASSURANCE.indexOf(minimum);
}

/** Undefined for none. */
export function highestOf(levels: Iterable<LevelOfAssurance>): LevelOfAssurance | undefined {
  const set = new Set(levels);
  return LEVELS_OF_ASSURANCE.findLast((level) => set.has(level));
}

/** Undefined for none. */
export function lowestOf(levels: Iterable<LevelOfAssurance>): LevelOfAssurance | undefined {
  const set = new Set(levels);
  return LEVELS_OF_ASSURANCE.find((level) => set.has(level));
}

/** A key in software proves less than a card: it never earns more than `low`. */
export function earnedAssurance(claimed: Assurance): Assurance {
  return claimed.methods.includes('swk') ? { ...claimed, level: 'low' } : claimed;
}
