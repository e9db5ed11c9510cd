/**
 * The last stage of a sign-in: whose card it was, and how much that proves.
 */
import type { Assurance } from '../identity/level-of-assurance.ts';
import type { NaturalPerson } from '../identity/person.ts';

declare const authenticated: unique symbol;

/** Made by `authenticateCitizen` alone, after the audit record is durable. Carries no national identifier. */
export interface AuthenticatedCitizen {
  readonly [authenticated]: true;
  /** Keyed hash of the national identifier. */
  readonly accountId: string;
  readonly person: Omit<NaturalPerson, 'nationalIdentifier'>;
  readonly maskedIdentifier: string;
  readonly profile: string;
  readonly assurance: Assurance;
  /** Epoch seconds. */
  readonly authenticatedAt: number;
}
