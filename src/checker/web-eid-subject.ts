/**
 * Whom the certificate of a token names, for a portal developer's eyes: attributes of the subject by object identifier,
 * never from the text form of the name (S14). No profile is applied, so nothing is read into the number.
 */
import { IdentityError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';

/** What stands in the certificate; what does not is absent. */
export interface WebEidSubject {
  readonly serialNumber?: string;
  readonly country?: string;
  readonly givenName?: string;
  readonly surname?: string;
}

/** RFC 5280 4.1.2.4, X.520. */
const ATTRIBUTES: Readonly<Record<keyof WebEidSubject, string>> = {
  serialNumber: '2.5.4.5',
  country: '2.5.4.6',
  givenName: '2.5.4.42',
  surname: '2.5.4.4',
};

/** @throws IdentityError ATTRIBUTE_REPEATED, ATTRIBUTE_MALFORMED: which of two values is meant cannot be known */
export function readWebEidSubject({ subject }: Certificate): WebEidSubject {
  const named: Partial<Record<keyof WebEidSubject, string>> = {};
  for (const [name, oid] of Object.entries(ATTRIBUTES) as [keyof WebEidSubject, string][]) {
    // Object.entries forgets the key type
    const [found, ...others] = subject.attributes.filter(({ type }) => type === oid);
    if (others.length > 0) throw refusal('ATTRIBUTE_REPEATED', 'stands more than once', name, oid);
    if (found === undefined) continue;
    if (found.value === undefined) throw refusal('ATTRIBUTE_MALFORMED', 'is no text', name, oid);
    named[name] = found.value;
  }
  return named;
}

function refusal(
  code: 'ATTRIBUTE_REPEATED' | 'ATTRIBUTE_MALFORMED',
  fault: string,
  attribute: string,
  oid: string,
): IdentityError {
  return new IdentityError(code, `an attribute of the subject ${fault}: ${attribute}`, { detail: { attribute, oid } });
}
