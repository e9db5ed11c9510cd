/**
 * The rows of the consent page: everything that would go to the portal, with the values that this citizen's card has.
 */
import type { SignedInCitizen } from '../../citizen/citizen-record.ts';
import type { IdentityDocument } from '../../identity/identity-document.ts';
import type { TaggedText } from '../../identity/person.ts';
import { type ApprovableClaim, claimsOf, untaggedClaim, VERIFICATION_PARTS } from '../../oidc/claims.ts';

/** What a value is, where a claim has several. */
export type ValueKind = 'document-type' | 'date' | 'instant' | 'code';

export interface ConsentValue extends TaggedText {
  readonly kind?: ValueKind;
}

export interface ConsentRow {
  readonly name: string;
  /** None: the card yields nothing, and nothing is sent. */
  readonly values: readonly ConsentValue[];
}

/** @param requested what the portal asks for and may ask for */
export function consentRows(
  citizen: SignedInCitizen,
  signedInAt: number,
  requested: readonly ApprovableClaim[],
): readonly ConsentRow[] {
  const claims = Object.entries(claimsOf(citizen, requested));
  const valuesOf = (name: ApprovableClaim): readonly ConsentValue[] => {
    if (name === 'document_details') return documentValues(citizen.document);
    if ((VERIFICATION_PARTS as readonly string[]).includes(name)) return verificationValues(name, citizen, signedInAt);
    return claims.flatMap(([claim, value]) => {
      if (untaggedClaim(claim) !== name || typeof value !== 'string') return [];
      const language = claim.split('#')[1];
      return [language === undefined ? { value } : { value, language }];
    });
  };
  return [{ name: 'sub', values: [] }, ...requested.map((name) => ({ name, values: valuesOf(name) }))];
}

function documentValues(document: IdentityDocument | undefined): readonly ConsentValue[] {
  if (document === undefined) return [];
  const { type, number, expiresOn, issuingState, placeOfIssue } = document;
  return [
    { value: type, kind: 'document-type' },
    ...(number === undefined ? [] : [{ value: number, kind: 'code' as const }]),
    ...(expiresOn === undefined ? [] : [{ value: expiresOn, kind: 'date' as const }]),
    { value: issuingState, kind: 'code' },
    ...(placeOfIssue === undefined ? [] : [{ value: placeOfIssue }]),
  ];
}

function verificationValues(
  part: string,
  { document, evidence }: SignedInCitizen,
  signedInAt: number,
): readonly ConsentValue[] {
  // Without a trust framework no part of it goes out (oidc/verified-claims.ts).
  if (evidence.trustFramework === undefined) return [];
  const code = (value: string): ConsentValue => ({ value, kind: 'code' });
  const instant = (value: string | undefined): readonly ConsentValue[] =>
    value === undefined ? [] : [{ value, kind: 'instant' }];
  switch (part) {
    case 'verified_claims.document':
      return documentValues(document);
    case 'verified_claims.electronic_signature':
      return [code(evidence.certificate.issuer), code(evidence.certificate.serialNumber)];
    case 'verified_claims.certificate':
      return [code(evidence.certificate.sha256)];
    case 'verified_claims.revocation': {
      const { source, thisUpdate } = evidence.revocation;
      return [...(source === undefined ? [] : [code(source)]), ...instant(thisUpdate)];
    }
    default:
      return [
        code(evidence.trustFramework),
        code(evidence.level),
        ...instant(new Date(signedInAt * 1000).toISOString()),
      ];
  }
}
