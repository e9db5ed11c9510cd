/**
 * How a claim of OpenID Connect Core 5.1 reads to the person that it speaks of: its name in words, its values in the
 * language and direction that they are written in.
 */
import type { Locale, MessageKey } from '../localization.ts';
import type { ConsentRow, ConsentValue } from './consent-rows.ts';

const LABELS: Readonly<Record<string, MessageKey>> = {
  sub: 'claim.sub',
  name: 'claim.name',
  given_name: 'claim.given_name',
  family_name: 'claim.family_name',
  birthdate: 'claim.birthdate',
  gender: 'claim.gender',
  national_id: 'claim.national_id',
  document_details: 'claim.document_details',
  verified_claims: 'claim.verified_claims',
  'verified_claims.document': 'claim.verified_claims.document',
  'verified_claims.electronic_signature': 'claim.verified_claims.electronic_signature',
  'verified_claims.certificate': 'claim.verified_claims.certificate',
  'verified_claims.revocation': 'claim.verified_claims.revocation',
};

const DOCUMENT_TYPES: Readonly<Record<string, MessageKey>> = {
  idcard: 'claim.document-type.idcard',
  passport: 'claim.document-type.passport',
  residence_permit: 'claim.document-type.residence_permit',
  driving_permit: 'claim.document-type.driving_permit',
};

export interface DisplayedClaim {
  readonly claim: string;
  readonly label: string;
  /** Explains a claim whose value says nothing to a person, or that has none. */
  readonly note?: string;
  /** `language` is absent for a text in the language of the page, and empty where it is not known (HTML 3.2.6.2). */
  readonly values: readonly {
    readonly text: string;
    readonly language?: string;
    readonly direction: 'ltr' | 'rtl' | 'auto';
  }[];
}

export function displayClaims(claims: readonly ConsentRow[], locale: Locale): readonly DisplayedClaim[] {
  return claims.map(({ name, values }) => {
    const label = Object.hasOwn(LABELS, name) ? LABELS[name] : undefined;
    return {
      claim: name,
      // A claim that we have no words for is shown under its own name rather than kept from the citizen.
      label: label === undefined ? locale.t('claim.other', { claim: name }) : locale.t(label),
      ...(name === 'sub' && { note: locale.t('claim.sub.note') }),
      ...(name !== 'sub' && values.length === 0 && { note: locale.t('claim.absent') }),
      // What is written in the language of the page comes first.
      values: [...values]
        .sort((a, b) => Number(isIn(locale, b.language)) - Number(isIn(locale, a.language)))
        .map((value) => displayValue(name, value, locale)),
    };
  });
}

/** A card may tag a name with its script too: `zgh-Tfng`. */
function isIn(locale: Locale, language: string | undefined): boolean {
  return language?.split('-')[0] === locale.language;
}

function displayValue(
  claim: string,
  { value, language, kind }: ConsentValue,
  locale: Locale,
): DisplayedClaim['values'][number] {
  if (kind === 'code' || claim === 'national_id') return { text: value, language: '', direction: 'ltr' };
  if (kind === 'date')
    return { text: locale.t('claim.document.expires', { date: writeDate(value, locale) }), direction: 'auto' };
  if (kind === 'instant') return { text: writeInstant(value, locale), direction: 'auto' };
  const documentType = kind === 'document-type' && Object.hasOwn(DOCUMENT_TYPES, value) && DOCUMENT_TYPES[value];
  if (documentType) return { text: locale.t(documentType), direction: 'auto' };
  if (claim === 'birthdate') return { text: writeDate(value, locale), direction: 'auto' };
  if (claim === 'gender' && value === 'female') return { text: locale.t('claim.gender.female'), direction: 'auto' };
  if (claim === 'gender' && value === 'male') return { text: locale.t('claim.gender.male'), direction: 'auto' };
  return { text: value, language: language ?? '', direction: language === 'ar' ? 'rtl' : 'auto' };
}

/** `1990-03-15` -> `15 mars 1990`. Anything else that Core 5.1 allows (a year alone, year 0000) is shown as it is. */
function writeDate(value: string, locale: Locale): string {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  const date = new Date(`${value}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return value;
  return new Intl.DateTimeFormat(locale.tag, { dateStyle: 'long', timeZone: 'UTC' }).format(date);
}

function writeInstant(value: string, locale: Locale): string {
  return new Intl.DateTimeFormat(locale.tag, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' }).format(
    new Date(value),
  );
}
