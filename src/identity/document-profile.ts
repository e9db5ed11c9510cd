/**
 * What a document of one issuer looks like. A country is data: a profile is a file in `config/profiles/`, parsed and
 * checked by `config.ts`; nothing here knows a country.
 */

import type { KeyUsageBit } from '../pki/certificate.ts';
import type { Assurance } from './level-of-assurance.ts';
import type { IdentifierRule } from './national-identifier.ts';

/** Where an attribute stands in the certificate. */
export interface AttributeLocation {
  /** `subject`: RFC 5280 4.1.2.6; `subjectDirectoryAttributes`: RFC 5280 4.2.1.8 and RFC 3739 3.2.2. */
  readonly in: 'subject' | 'subjectDirectoryAttributes';
  /** Dotted decimal. */
  readonly oid: string;
}

export interface NameLocation extends AttributeLocation {
  /** BCP 47; absent for the name that stands as the default. */
  readonly language?: string;
  /** An optional name may be absent; a repeated one is an error all the same. */
  readonly optional: boolean;
}

/** OpenID Identity Assurance Schema Definition 1.0, predefined values for documents: those with a chip. */
export const DOCUMENT_TYPES = ['idcard', 'passport', 'residence_permit', 'driving_permit'] as const;
export type DocumentType = (typeof DOCUMENT_TYPES)[number];

/** What the certificate tells of the document, beside its holder. */
export interface DocumentDescription {
  readonly type: DocumentType;
  /** ICAO Doc 9303-3 section 5: three letters. */
  readonly issuingState: string;
  readonly number?: AttributeLocation & { readonly optional: boolean };
  /** `certificate`: the issuer lets the certificate end with the document. */
  readonly expiry?: 'certificate';
  readonly placeOfIssue?: AttributeLocation & { readonly optional: boolean };
}

export interface DocumentProfile {
  readonly id: string;
  readonly title: string;
  /** ISO 3166-1 alpha-2 of the issuing state. */
  readonly country: string;
  /** At least one must be among the policies of the document (RFC 5280 6.1.1 (c)). Never empty. */
  readonly policies: readonly string[];
  /**
   * Whose policies count. `path`, the default: those of the path (RFC 5280 6.1.5 (g)), which every CA on it grants.
   * `certificate`: those that stand in the card's own, for states whose CAs do not list the policies of their cards.
   */
  readonly policiesOf?: 'path' | 'certificate';
  /** None may stand in the card's own certificate, whatever else does. */
  readonly refusedPolicies?: readonly string[];
  readonly keyUsage: {
    readonly required: readonly KeyUsageBit[];
    readonly refused: readonly KeyUsageBit[];
  };
  readonly nationalIdentifier: AttributeLocation & { readonly rule: IdentifierRule };
  readonly familyName: readonly NameLocation[];
  readonly givenName: readonly NameLocation[];
  readonly birthDate?: AttributeLocation & { readonly optional: boolean };
  readonly gender?: AttributeLocation & { readonly optional: boolean };
  readonly document?: DocumentDescription;
  /** The rules under which the state issues the document (OpenID Identity Assurance Schema Definition 1.0). */
  readonly trustFramework?: string;
  readonly assurance: Assurance;
}
