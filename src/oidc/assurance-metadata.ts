/**
 * What discovery says of claims about persons: their languages (OpenID Connect Discovery 1.0 3), and what may stand in
 * `verified_claims` (OpenID Connect for Identity Assurance 1.0, section 6).
 */
import type { DocumentProfile } from '../identity/document-profile.ts';
import { PROFILE_CLAIMS, SINGLE_CLAIMS, withTags } from './claims.ts';

/** What the accepted documents yield beside the person's default names. */
export interface AssuranceAbilities {
  /** BCP 47: in which names may be tagged. */
  readonly nameLanguages: readonly string[];
  readonly trustFrameworks: readonly string[];
  readonly documentTypes: readonly string[];
}

export function assuranceAbilities(profiles: readonly DocumentProfile[]): AssuranceAbilities {
  const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];
  return {
    nameLanguages: distinct(
      profiles.flatMap(({ familyName, givenName }) =>
        [...familyName, ...givenName].flatMap(({ language }) => language ?? []),
      ),
    ),
    trustFrameworks: distinct(profiles.flatMap(({ trustFramework }) => trustFramework ?? [])),
    documentTypes: distinct(profiles.flatMap(({ document }) => document?.type ?? [])),
  };
}

export function assuranceMetadata({
  nameLanguages,
  trustFrameworks,
  documentTypes,
}: AssuranceAbilities): Readonly<Record<string, boolean | readonly string[]>> {
  return {
    ...(nameLanguages.length > 0 && { claims_locales_supported: [...nameLanguages] }),
    verified_claims_supported: trustFrameworks.length > 0,
    ...(trustFrameworks.length > 0 && {
      trust_frameworks_supported: [...trustFrameworks],
      claims_in_verified_claims_supported: [...PROFILE_CLAIMS, ...SINGLE_CLAIMS].flatMap((claim) =>
        withTags(claim, nameLanguages),
      ),
      evidence_supported: [...(documentTypes.length > 0 ? ['document'] : []), 'electronic_signature'],
      ...(documentTypes.length > 0 && { documents_supported: [...documentTypes] }),
    }),
  };
}
