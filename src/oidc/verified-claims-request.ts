/**
 * The element `verified_claims` of a `claims` parameter (OpenID Connect for Identity Assurance 1.0, section 5, and its schema
 * verified_claims_request.json): which requests are well-formed, and which of the parts of VERIFICATION_PARTS and which
 * claims they ask for. A member that neither the schema nor this service knows is ignored, whatever it holds (OpenID
 * Connect Core 5.5.1).
 */
import type { VerificationPart } from './claims.ts';
import { isJsonObject, type JsonObject, requestProblem } from './claims-request.ts';

/** Members of an evidence of this service that are approved apart, beside those of the standard. */
export const CERTIFICATE_MEMBER = 'x5t#S256';
export const REVOCATION_MEMBER = 'revocation_details';

const MOST_ELEMENTS = 10;
/** What the deepest element of the standard needs, twice over. */
const DEEPEST = 12;

/** Of the schema: members whose values are text. */
const TEXT_MEMBERS: readonly string[] = [
  'trust_framework',
  'assurance_level',
  'policy',
  'procedure',
  'assurance_type',
  'assurance_classification',
  'txn',
  'evidence_metadata',
  'evidence_classification',
  'type',
  'method',
];

/** Each is null or an object, or a list of those. */
const KNOWN_MEMBERS: readonly string[] = [
  ...TEXT_MEMBERS,
  'time',
  'verification_process',
  'assurance_process',
  'assurance_details',
  'evidence_ref',
  'attachments',
  'check_details',
  'document_details',
  'document_number',
  'personal_number',
  'serial_number',
  'date_of_issuance',
  'date_of_expiry',
  'issuer',
  'name',
  'formatted',
  'street_address',
  'locality',
  'region',
  'postal_code',
  'country',
  'country_code',
  'jurisdiction',
  'record',
  'source',
  'attestation',
  'reference_number',
  'voucher',
  'created_at',
  'signature_type',
  CERTIFICATE_MEMBER,
  REVOCATION_MEMBER,
];

/** An element that asks for more than one thing, and never for a value. */
const isElement = (value: unknown): value is JsonObject => isJsonObject(value) && Object.keys(value).length > 0;

/** The elements of a request: one, or several that are processed independently (5.6). */
export function elementsOf(request: unknown): readonly JsonObject[] {
  return (Array.isArray(request) ? request : [request]).filter(isJsonObject);
}

/** Why the request is refused (`invalid_request`); undefined when it is well-formed. */
export function verifiedClaimsProblem(request: unknown): string | undefined {
  const elements: readonly unknown[] = Array.isArray(request) ? request : [request];
  if (elements.length > MOST_ELEMENTS) return 'has too many verified_claims';
  return firstOf(elements, elementProblem);
}

function elementProblem(element: unknown): string | undefined {
  if (!isJsonObject(element)) return 'has a verified_claims that is no object';
  const { verification, claims, ...unknown } = element;
  if (Object.keys(unknown).length > 0) return 'has a verified_claims with a member that is not in the schema';
  // Null asks for none.
  if (claims !== null && !isElement(claims)) return 'has a verified_claims without claims';
  if (!isElement(verification)) return 'has a verified_claims without verification';
  if (verification.trust_framework === undefined) return 'has a verification without trust_framework';
  const { evidence, ...others } = verification;
  return (
    firstOf(
      Object.values(claims ?? {}),
      (claim) => requestProblem(claim) ?? purposeProblem(claim) ?? ageProblem(claim),
    ) ??
    membersProblem(others, 1) ??
    (evidence === undefined ? undefined : evidenceProblem(evidence))
  );
}

/** 5.4: one entry filters the evidence of one type, which it must name by `value`. */
function evidenceProblem(evidence: unknown): string | undefined {
  if (!Array.isArray(evidence) || evidence.length === 0) return 'has an evidence that is no list';
  return firstOf(evidence, (entry) => {
    if (!isJsonObject(entry)) return 'has an evidence entry that is no object';
    const { type } = entry;
    if (!isJsonObject(type) || typeof type.value !== 'string' || 'values' in type) {
      return 'has an evidence entry whose type has no value';
    }
    return membersProblem(entry, 1);
  });
}

function membersProblem(members: JsonObject, depth: number): string | undefined {
  return firstOf(Object.entries(members), ([name, member]) => nodeProblem(name, member, depth));
}

/** A request for a value, or for what lies deeper; a list holds alternatives. */
function nodeProblem(name: string, node: unknown, depth: number): string | undefined {
  if (depth > DEEPEST) return 'goes too deep';
  if (node === null) return undefined;
  if (Array.isArray(node)) return firstOf(node, (entry) => nodeProblem(name, entry, depth + 1));
  if (!isJsonObject(node)) {
    return KNOWN_MEMBERS.includes(name) ? 'has an element that is neither null nor an object' : undefined;
  }
  const {
    essential: _essential,
    value: _value,
    values: _values,
    max_age: _maxAge,
    purpose: _purpose,
    ...deeper
  } = node;
  return (
    requestProblem(node, TEXT_MEMBERS.includes(name)) ??
    purposeProblem(node) ??
    ageProblem(node) ??
    membersProblem(deeper, depth + 1)
  );
}

function purposeProblem(node: unknown): string | undefined {
  if (!isJsonObject(node) || node.purpose === undefined) return undefined;
  const { purpose } = node;
  const isPurpose = typeof purpose === 'string' && purpose.length >= 3 && purpose.length <= 300;
  return isPurpose ? undefined : 'has a purpose that is not of 3 to 300 characters';
}

/** 5.5.2 */
function ageProblem(node: unknown): string | undefined {
  if (!isJsonObject(node) || node.max_age === undefined) return undefined;
  const { max_age: age } = node;
  return typeof age === 'number' && Number.isFinite(age) && age >= 0 ? undefined : 'has a max_age that is no number';
}

function firstOf<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The parts and the claims that a well-formed request asks for. */
export function askedOfVerifiedClaims(request: unknown): {
  readonly parts: ReadonlySet<VerificationPart>;
  readonly claims: ReadonlySet<string>;
} {
  const parts = new Set<VerificationPart>();
  const claims = new Set<string>();
  for (const { verification, claims: asked } of elementsOf(request)) {
    parts.add('verified_claims');
    for (const claim of isJsonObject(asked) ? Object.keys(asked) : []) claims.add(claim);
    const evidence: unknown = isJsonObject(verification) ? verification.evidence : undefined;
    for (const entry of Array.isArray(evidence) ? evidence.filter(isJsonObject) : []) {
      const type = isJsonObject(entry.type) ? entry.type.value : undefined;
      if (type === 'document') parts.add('verified_claims.document');
      if (type !== 'electronic_signature') continue;
      parts.add('verified_claims.electronic_signature');
      if (Object.hasOwn(entry, CERTIFICATE_MEMBER)) parts.add('verified_claims.certificate');
      if (Object.hasOwn(entry, REVOCATION_MEMBER)) parts.add('verified_claims.revocation');
    }
  }
  return { parts, claims };
}
