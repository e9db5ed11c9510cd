/**
 * Person and document -> claims (OpenID Connect Core 5.1, language tags by 5.2), limited to what the portal was approved
 * for. What the portal then gets is the intersection with its request and the citizen's consent.
 */
import type { IdentityDocument } from '../identity/identity-document.ts';
import { semanticsIdentifier } from '../identity/national-identifier.ts';
import type { NaturalPerson, TaggedText } from '../identity/person.ts';

/** Of the scope `profile`; a name comes with its language-tagged forms. */
export const PROFILE_CLAIMS = ['name', 'given_name', 'family_name', 'birthdate', 'gender'] as const;
const NAME_CLAIMS: readonly string[] = ['name', 'given_name', 'family_name'];

/** Of no scope: a portal asks for each by the `claims` parameter, and so only where it needs it. */
export const SINGLE_CLAIMS = ['national_id', 'document_details'] as const;

/**
 * The claim `verified_claims` (OpenID Connect for Identity Assurance 1.0), and the parts of it that are approved and
 * consented one by one. They are names of this service, never of a token.
 */
export const VERIFICATION_PARTS = [
  'verified_claims',
  'verified_claims.document',
  'verified_claims.electronic_signature',
  'verified_claims.certificate',
  'verified_claims.revocation',
] as const;
export type VerificationPart = (typeof VERIFICATION_PARTS)[number];

/** What a portal may be approved for, as an officer writes it. */
export const APPROVABLE_CLAIMS = [...PROFILE_CLAIMS, ...SINGLE_CLAIMS, ...VERIFICATION_PARTS] as const;
export type ApprovableClaim = (typeof APPROVABLE_CLAIMS)[number];

/** Claims about the sign-in, not about the person (OpenID Connect Core 2, Back-Channel Logout 1.0 for `sid`). */
export const PROTOCOL_CLAIMS: string[] = ['sub', 'iss', 'sid', 'acr', 'amr', 'auth_time'];

/**
 * Scope -> claims (OpenID Connect Core 5.4), as oidc-provider's configuration wants it.
 * @param languages in which the names of a card may be tagged (BCP 47)
 */
export function scopeClaims(languages: readonly string[]): { readonly openid: string[]; readonly profile: string[] } {
  return { openid: ['sub'], profile: PROFILE_CLAIMS.flatMap((claim) => withTags(claim, languages)) };
}

/** The names that a claim about a person can have in an answer. */
export function withTags(claim: string, languages: readonly string[]): string[] {
  return NAME_CLAIMS.includes(claim) ? [claim, ...languages.map((language) => `${claim}#${language}`)] : [claim];
}

/** `family_name#ar` -> `family_name`: the tag is a form of the claim, not a claim of its own. */
export function untaggedClaim(claim: string): string {
  return claim.replace(/#.*$/s, '');
}

/** The claims of a scope (space-separated), in the order of APPROVABLE_CLAIMS. */
export function claimsOfScope(scope: string): readonly ApprovableClaim[] {
  return scope.split(' ').includes('profile') ? PROFILE_CLAIMS : [];
}

/**
 * The document as a claim: `document_details` of OpenID Identity Assurance Schema Definition 1.0, because no claim of the
 * IANA registry stands for a document, and a portal then reads it in one form, wherever it finds it.
 */
export interface DocumentDetails {
  readonly type: string;
  readonly document_number?: string;
  readonly date_of_expiry?: string;
  readonly issuer: { readonly country_code: string; readonly locality?: string };
}

export function documentDetails({
  type,
  issuingState,
  number,
  expiresOn,
  placeOfIssue,
}: IdentityDocument): DocumentDetails {
  return {
    type,
    ...(number !== undefined && { document_number: number }),
    ...(expiresOn !== undefined && { date_of_expiry: expiresOn }),
    issuer: { country_code: issuingState, ...(placeOfIssue !== undefined && { locality: placeOfIssue }) },
  };
}

export type PersonClaims = Readonly<Record<string, string | DocumentDetails>>;

/** Every claim of `approved` that person and document yield. A claim without a value is left out, never empty. */
export function claimsOf(
  { person, document }: { readonly person: NaturalPerson; readonly document?: IdentityDocument },
  approved: readonly string[],
): PersonClaims {
  const claims: Record<string, string | DocumentDetails> = {};
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
  put('national_id', { value: semanticsIdentifier(person.nationalIdentifier) });
  if (document && approved.includes('document_details')) claims.document_details = documentDetails(document);
  return claims;
}
