/**
 * The level of assurance that a request asks for (OpenID Connect Core 3.1.2.1 `acr_values`, 5.5.1.1 the `acr` claim), and
 * the `acr` with which it is answered.
 *
 * A level contains those below it, so the lowest of several names is the least that must be reached. `acr_values` is
 * voluntary by the letter of the standard; here a name that is known binds, because a portal that asks for a level relies
 * on it (OpenID Connect Core Unmet Authentication Requirements 1.0). Names that nobody knows ask for nothing there, and
 * cannot be fulfilled where the claim is essential.
 */
import {
  type AcrNames,
  acrOf,
  highestOf,
  isAtLeast,
  type LevelOfAssurance,
  lowestOf,
} from '../identity/level-of-assurance.ts';

export interface LevelRequest {
  /** What must be reached. Absent: any level will do. */
  readonly minimum?: LevelOfAssurance;
  /** An essential `acr` has no value that is known here. */
  readonly isUnknown: boolean;
  /** The values by which the portal asked, those that its answer must be one of first. */
  readonly names: readonly (readonly string[])[];
}

export interface LevelParameters {
  readonly acrValues: string | undefined;
  /** `claims.id_token.acr`, checked by `claimsRequestProblem`. */
  readonly acrClaim: unknown;
  /** Of the portal's registration. */
  readonly portalMinimum: LevelOfAssurance | undefined;
}

export function requestedLevel({ acrValues, acrClaim, portalMinimum }: LevelParameters, known: AcrNames): LevelRequest {
  const voluntary = acrValues?.split(' ').filter((name) => name !== '') ?? [];
  const { names: claimed, isEssential } = readAcrClaim(acrClaim);
  const lowestKnown = (names: readonly string[]): LevelOfAssurance | undefined =>
    lowestOf(names.flatMap((name) => known.get(name) ?? []));
  const essential = isEssential ? lowestKnown(claimed) : undefined;
  const minimum = highestOf([lowestKnown(voluntary), essential, portalMinimum].filter((level) => level !== undefined));
  return {
    ...(minimum !== undefined && { minimum }),
    isUnknown: isEssential && claimed.length > 0 && essential === undefined,
    names: [claimed, voluntary],
  };
}

/**
 * How a level that was reached reads to the portal: by the highest name of its request that the level contains (Core
 * 5.5.1.1: the value must be one of those that were asked for), else by its eIDAS URI.
 */
export function acrFor(level: LevelOfAssurance, { names }: LevelRequest, known: AcrNames): string {
  for (const list of names) {
    const contained = list.filter((name) => {
      const named = known.get(name);
      return named !== undefined && isAtLeast(level, named);
    });
    const highest = highestOf(contained.flatMap((name) => known.get(name) ?? []));
    const answer = contained.find((name) => known.get(name) === highest);
    if (answer !== undefined) return answer;
  }
  return acrOf(level);
}

function readAcrClaim(claim: unknown): { readonly names: readonly string[]; readonly isEssential: boolean } {
  if (typeof claim !== 'object' || claim === null) return { names: [], isEssential: false };
  const { value, values, essential } = { value: undefined, values: undefined, essential: false, ...claim };
  const names = [...(value === undefined ? [] : [value]), ...(Array.isArray(values) ? values : [])];
  return { names: names.filter((name) => typeof name === 'string'), isEssential: essential === true };
}
