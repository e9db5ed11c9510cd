/**
 * The person that a card names: the eIDAS minimum data set for a natural person (Implementing Regulation (EU)
 * 2015/1501, Annex). Names are language-tagged values, because a card may carry them in Arabic and in Latin script.
 */
import type { NationalIdentifier } from './national-identifier.ts';

/** A text with its language (BCP 47), or without one where the document does not say. */
export interface TaggedText {
  readonly value: string;
  readonly language?: string;
}

export interface NaturalPerson {
  readonly nationalIdentifier: NationalIdentifier;
  /** At least one value; the untagged one is the default that portals see. */
  readonly givenName: readonly TaggedText[];
  readonly familyName: readonly TaggedText[];
  /** ISO 8601 calendar date, `YYYY-MM-DD`. */
  readonly birthDate?: string;
  readonly gender?: 'female' | 'male';
}
