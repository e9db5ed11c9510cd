/**
 * Person -> claims (OpenID Connect Core 5.1, language tags by 5.2), limited to what the portal was approved for.
 * What the portal then gets is the intersection with the scope and the citizen's consent, which oidc-provider applies.
 */
import type { NaturalPerson, TaggedText } from '../identity/person.ts';

/** Languages in which a name may be tagged. */
const NAME_LANGUAGES = ['ar'] as const;

const tagged = (claim: string): string[] => [claim, ...NAME_LANGUAGES.map((language) => `${claim}#${language}`)];

/** The claims that a portal may be approved for, as an officer writes them; a name comes with its language-tagged forms. */
export const APPROVABLE_CLAIMS = ['name', 'given_name', 'family_name', 'birthdate', 'gender'] as const;
export type ApprovableClaim = (typeof APPROVABLE_CLAIMS)[number];

/** Claims about the sign-in, not about the person (OpenID Connect Core 2, Back-Channel Logout 1.0 for `sid`). */
export const PROTOCOL_CLAIMS: string[] = ['sub', 'iss', 'sid', 'acr', 'amr', 'auth_time'];

/** Scope -> claims (OpenID Connect Core 5.4), as oidc-provider's configuration wants it. */
export const SCOPE_CLAIMS = {
  openid: ['sub'],
  profile: APPROVABLE_CLAIMS.flatMap((claim) =>
    claim === 'birthdate' || claim === 'gender' ? [claim] : tagged(claim),
  ),
} as const satisfies Record<string, readonly string[]>;

/** `family_name#ar` -> `family_name`: the tag is a form of the claim, not a claim of its own. */
export function untaggedClaim(claim: string): string {
  return claim.replace(/#.*$/s, '');
}

/**
 * The claims that `scope` and the `claims` parameter ask for, tags removed, in the order of APPROVABLE_CLAIMS.
 * @param scope space-separated
 * @param individually the claim names of the `claims` parameter (OpenID Connect Core 5.5)
 */
export function requestedClaims(scope: string, individually: Iterable<string>): ApprovableClaim[] {
  const asked = new Set([...individually].map(untaggedClaim));
  if (scope.split(' ').includes('profile')) for (const claim of APPROVABLE_CLAIMS) asked.add(claim);
  return APPROVABLE_CLAIMS.filter((claim) => asked.has(claim));
}

/** Every claim of `approved` that the person has. A claim without a value is left out, never empty. */
export function claimsOf(
  person: Omit<NaturalPerson, 'nationalIdentifier'>,
  approved: readonly string[],
): Record<string, string> {
  const claims: Record<string, string> = {};
  const put = (claim: ApprovableClaim, text: TaggedText): void => {
    if (approved.includes(claim))
      claims[text.language === undefined ? claim : `${claim}#${text.language}`] = text.value;
  };
  for (const given of person.givenName) put('given_name', given);
  for (const family of person.familyName) put('family_name', family);
  for (const given of person.givenName) {
    const family = person.familyName.find((candidate) => candidate.language === given.language);
    if (family) put('name', { ...given, value: `${given.value} ${family.value}` });
  }
  if (person.birthDate !== undefined) put('birthdate', { value: person.birthDate });
  if (person.gender !== undefined) put('gender', { value: person.gender });
  return claims;
}
