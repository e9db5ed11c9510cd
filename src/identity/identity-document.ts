/**
 * The document itself, as far as its certificate and the profile of its issuer tell of it: what kind it is, which number
 * it has, until when it is good, who issued it and where.
 */
import type { ValidatedPath } from '../pki/path-validation.ts';
import { readAttributes } from './certificate-attributes.ts';
import type { DocumentProfile, DocumentType } from './document-profile.ts';

export interface IdentityDocument {
  readonly type: DocumentType;
  /** ICAO Doc 9303-3 section 5: three letters. */
  readonly issuingState: string;
  readonly number?: string;
  /** ISO 8601 calendar date, the last day on which it is good. */
  readonly expiresOn?: string;
  /** The office, or its town. */
  readonly placeOfIssue?: string;
}

/**
 * Undefined where the profile says nothing of the document.
 * @throws IdentityError ATTRIBUTE_MISSING, ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED
 */
export function readDocument(path: ValidatedPath, { document }: DocumentProfile): IdentityDocument | undefined {
  if (document === undefined) return undefined;
  const attributes = readAttributes(path);
  const number = document.number && attributes.read('document.number', document.number);
  const placeOfIssue = document.placeOfIssue && attributes.read('document.placeOfIssue', document.placeOfIssue);
  return Object.freeze({
    type: document.type,
    issuingState: document.issuingState,
    ...(number !== undefined && { number }),
    ...(document.expiry === 'certificate' && { expiresOn: attributes.notAfter.toISOString().slice(0, 10) }),
    ...(placeOfIssue !== undefined && { placeOfIssue }),
  });
}
