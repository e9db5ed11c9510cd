/**
 * The claim `verified_claims` (OpenID Connect for Identity Assurance 1.0; OpenID Identity Assurance Schema Definition 1.0):
 * what a request asks for, of what is available, by the rules for what cannot be had (5.7).
 *
 * A restriction on the verification that is not fulfilled (`value`, `values`, `max_age`) omits the whole element; one on a
 * claim omits the claim. What is not available, not approved or not consented is omitted, and with it the element that
 * needs it. `essential` changes nothing. None of this is an error.
 */
import type { SignedInCitizen } from '../citizen/citizen-record.ts';
import { claimsOf, documentDetails, type VerificationPart } from './claims.ts';
import { isAskedFor, isJsonObject, type JsonObject } from './claims-request.ts';
import { CERTIFICATE_MEMBER, elementsOf, REVOCATION_MEMBER } from './verified-claims-request.ts';

export interface Available {
  readonly citizen: SignedInCitizen;
  /** Epoch seconds. */
  readonly signedInAt: number;
  /** Claims and parts that the portal was approved for and the citizen consented to. */
  readonly allowed: readonly string[];
  /** When the request was made, epoch seconds: for `max_age`. */
  readonly requestedAt: number;
}

/** @param request well-formed; see `verifiedClaimsProblem` */
export function verifiedClaims(request: unknown, available: Available): JsonObject | readonly JsonObject[] | undefined {
  const verification = verificationOf(available);
  if (verification === undefined) return undefined;
  const person = claimsOf(available.citizen, available.allowed);
  const fulfilled = elementsOf(request).flatMap((element) => {
    const selected = select(element.verification, verification, available.requestedAt);
    const claims = isJsonObject(element.claims) ? selectClaims(element.claims, person, available.requestedAt) : {};
    return isJsonObject(selected) && Object.keys(claims).length > 0 ? [{ verification: selected, claims }] : [];
  });
  return fulfilled.length > 1 ? fulfilled : fulfilled[0];
}

/** Everything that may be said; without a trust framework nothing. */
function verificationOf({ citizen, signedInAt, allowed }: Available): JsonObject | undefined {
  const { evidence } = citizen;
  const isAllowed = (part: VerificationPart): boolean => allowed.includes(part);
  if (!isAllowed('verified_claims') || evidence.trustFramework === undefined) return undefined;
  const time = isoTime(signedInAt);
  return {
    trust_framework: evidence.trustFramework,
    assurance_level: evidence.level,
    time,
    evidence: [
      ...(isAllowed('verified_claims.document') && citizen.document
        ? [{ type: 'document', document_details: documentDetails(citizen.document) }]
        : []),
      ...(isAllowed('verified_claims.electronic_signature')
        ? [
            {
              type: 'electronic_signature',
              signature_type: evidence.method,
              issuer: evidence.certificate.issuer,
              serial_number: evidence.certificate.serialNumber,
              created_at: time,
              ...(isAllowed('verified_claims.certificate') && {
                [CERTIFICATE_MEMBER]: Buffer.from(evidence.certificate.sha256, 'hex').toString('base64url'),
              }),
              ...(isAllowed('verified_claims.revocation') && { [REVOCATION_MEMBER]: revocationDetails(citizen, time) }),
            },
          ]
        : []),
    ],
  };
}

function revocationDetails({ evidence }: SignedInCitizen, checkedAt: string): JsonObject {
  const { status, source, thisUpdate, nextUpdate, sha256 } = evidence.revocation;
  return {
    status,
    checked_at: checkedAt,
    ...(source !== undefined && { source }),
    ...(thisUpdate !== undefined && { this_update: thisUpdate }),
    ...(nextUpdate !== undefined && { next_update: nextUpdate }),
    ...(sha256 !== undefined && { sha256 }),
  };
}

/** What a valid answer cannot be without (Schema Definition 5.4): it comes with the element that was asked for. */
const REQUIRED_MEMBERS = ['type', 'signature_type', 'serial_number'];
const REQUIRED_OF_SIGNATURE = ['issuer'];

/** A restriction that is not fulfilled. */
const UNFULFILLED = Symbol('unfulfilled');
const RESTRICTIONS = ['value', 'values', 'max_age'];
/** Members that speak of the request itself. */
const OWN_MEMBERS = [...RESTRICTIONS, 'essential', 'purpose'];

/** What of `data` the request asks for; undefined when there is none of it. */
function select(request: unknown, data: unknown, at: number): unknown {
  if (data === undefined) return hasRestriction(request) ? UNFULFILLED : undefined;
  if (Array.isArray(data)) return Array.isArray(request) ? selectEntries(request, data, at) : data;
  if (!isJsonObject(request)) return data;
  if (!isAskedFor(data, request) || !isYoungEnough(data, request.max_age, at)) return UNFULFILLED;
  // What asks for something; the rest is not understood (verified-claims-request.ts).
  const members = Object.entries(request).filter(
    ([name, member]) => !OWN_MEMBERS.includes(name) && typeof member === 'object',
  );
  if (members.length === 0) return data;
  if (!isJsonObject(data)) return members.some(([, member]) => hasRestriction(member)) ? UNFULFILLED : undefined;
  const selected: Record<string, unknown> = {};
  for (const [name, member] of members) {
    const value = select(member, Object.hasOwn(data, name) ? data[name] : undefined, at);
    if (value === UNFULFILLED) return UNFULFILLED;
    if (value !== undefined) selected[name] = value;
  }
  if (Object.keys(selected).length === 0) return undefined;
  for (const name of [...REQUIRED_MEMBERS, ...('signature_type' in data ? REQUIRED_OF_SIGNATURE : [])]) {
    if (Object.hasOwn(data, name)) selected[name] ??= data[name];
  }
  return selected;
}

/** 5.4: the entries are filters and templates, linked by OR. */
function selectEntries(requests: readonly unknown[], entries: readonly unknown[], at: number): unknown {
  const selected = entries.flatMap((entry) => {
    const fitting = requests.map((request) => select(request, entry, at)).find(isJsonObject);
    return fitting === undefined ? [] : [fitting];
  });
  // Each filter names a type, so that none fits is a restriction that is not fulfilled.
  return selected.length === 0 ? UNFULFILLED : selected;
}

function selectClaims(requests: JsonObject, person: JsonObject, at: number): JsonObject {
  return Object.fromEntries(
    Object.entries(requests).flatMap(([name, request]) => {
      const value = Object.hasOwn(person, name) ? person[name] : undefined;
      if (value === undefined || !isAskedFor(value, request)) return [];
      return isYoungEnough(value, isJsonObject(request) ? request.max_age : undefined, at) ? [[name, value]] : [];
    }),
  );
}

function hasRestriction(request: unknown): boolean {
  if (Array.isArray(request)) return request.some(hasRestriction);
  return (
    isJsonObject(request) &&
    Object.entries(request).some(([name, member]) => RESTRICTIONS.includes(name) || hasRestriction(member))
  );
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** 5.5.2: counted from the last second of a date. What is no date has no age, and so none that is small enough. */
function isYoungEnough(value: unknown, maxAge: unknown, at: number): boolean {
  if (maxAge === undefined) return true;
  if (typeof value !== 'string' || typeof maxAge !== 'number') return false;
  const time = Date.parse(DATE.test(value) ? `${value}T23:59:59Z` : value);
  return !Number.isNaN(time) && at - time / 1000 <= maxAge;
}

/** Whole seconds, as the schema has them. */
function isoTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
