/**
 * The one number of a person in a state's register, and the keyed form in which alone it is stored.
 *
 * A person is the national number (PNO of ETSI EN 319 412-1 5.1.3, Algeria's NIN), never the document: a card number
 * changes when the card is renewed. Nothing is derived from the digits; their check rules are not public.
 */
import { IdentityError } from '../errors.ts';

export interface NationalIdentifier {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** The register that numbers persons: `PNO` (ETSI), or a national name such as `CNIE` or `NIN`. */
  readonly register: string;
  /** Upper case, without white space. */
  readonly value: string;
}

/** How a profile writes the number: `etsi` is ETSI EN 319 412-1 5.1.3, `plain` is the bare number. */
export type IdentifierSyntax = 'etsi' | 'plain';

export interface IdentifierRule {
  readonly syntax: IdentifierSyntax;
  readonly country: string;
  readonly register: string;
  /** The form of the number, anchored at both ends by the reader of the profile. */
  readonly pattern: RegExp;
}

/** ETSI EN 319 412-1 5.1.3: three letters, or two characters and a colon for a national scheme; country; hyphen; number. */
const ETSI_SEMANTICS = /^([A-Z]{3}|[A-Z]{2}:)([A-Z]{2})-(.+)$/s;

/**
 * The identifier that `text` (the value of an attribute of a validated certificate) holds by the rule of its profile.
 * @throws IdentityError ATTRIBUTE_MALFORMED when the semantics type, the country or the form differ.
 */
export function readNationalIdentifier(text: string, rule: IdentifierRule): NationalIdentifier {
  let value = text.trim().toUpperCase();
  if (rule.syntax === 'etsi') {
    // The pattern stops at the first hyphen: a Latvian number has one of its own (PNOLV-321922-33032).
    const parts = ETSI_SEMANTICS.exec(value);
    if (parts === null) throw malformed('the identifier is not of the form of ETSI EN 319 412-1 5.1.3');
    const [, type, country, number] = parts;
    if (type?.replace(':', '') !== rule.register)
      throw malformed('the identifier is of another semantics type than the profile expects');
    if (country !== rule.country) throw malformed('the identifier is of another country than the profile expects');
    value = number ?? '';
  }
  value = value.replace(/\s+/gu, '');
  if (!rule.pattern.test(value)) throw malformed('the national number is not of the form that the profile prescribes');
  return Object.freeze({ country: rule.country, register: rule.register, value });
}

/**
 * The identifier as a person writes it: the number as it stands on the document, or with the semantics of ETSI before it.
 * @throws IdentityError ATTRIBUTE_MALFORMED
 */
export function readGivenIdentifier(text: string, rule: IdentifierRule): NationalIdentifier {
  return readNationalIdentifier(text, { ...rule, syntax: ETSI_SEMANTICS.test(text.trim()) ? 'etsi' : 'plain' });
}

/**
 * For a portal, unambiguous between states: the semantics identifier of ETSI EN 319 412-1 5.1.3 (`PNOMA-AB123456`). A
 * register for which ETSI has no three letters stands under its own name (`NINDZ-...`).
 */
export function semanticsIdentifier({ register, country, value }: NationalIdentifier): string {
  return `${register}${country}-${value}`;
}

/** For the person's own eyes: all but the last three characters hidden. */
export function maskIdentifier(identifier: NationalIdentifier): string {
  const shown = identifier.value.slice(-3);
  return '•'.repeat(Math.max(identifier.value.length - shown.length, 3)) + shown;
}

/** One spelling for one number, as input of the keyed hash. The separator cannot occur in country or register. */
export function identifierKey(identifier: NationalIdentifier): string {
  return `${identifier.country}\n${identifier.register}\n${identifier.value}`;
}

function malformed(message: string): IdentityError {
  return new IdentityError('ATTRIBUTE_MALFORMED', message, { detail: { attribute: 'nationalIdentifier' } });
}
