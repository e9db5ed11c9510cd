/**
 * The last stage of a sign-in: whose card it was, how much that proves, and what it rests on.
 */
import type { IdentityDocument } from '../identity/identity-document.ts';
import type { Assurance } from '../identity/level-of-assurance.ts';
import type { NaturalPerson } from '../identity/person.ts';
import type { SignInEvidence } from '../identity/sign-in-evidence.ts';

declare const authenticated: unique symbol;

/**
 * Made by `authenticateCitizen` alone, after the audit record is durable. Carries the national identifier: wherever it is
 * kept, it is sealed.
 */
export interface AuthenticatedCitizen {
  readonly [authenticated]: true;
  /** Keyed hash of the national identifier. */
  readonly accountId: string;
  readonly person: NaturalPerson;
  readonly maskedIdentifier: string;
  /** Absent where the profile says nothing of the document. */
  readonly document?: IdentityDocument;
  readonly evidence: SignInEvidence;
  readonly profile: string;
  readonly assurance: Assurance;
  /** Epoch seconds. */
  readonly authenticatedAt: number;
}
