/**
 * RFC 8785, JSON Canonicalization Scheme: one value, one text, so that a hash over the text is a hash over the value.
 *
 * ECMAScript's own serialisation of strings and numbers is what the RFC prescribes (3.2.2.2, 3.2.2.3); what is left
 * is the order of members (3.2.3) and to refuse what JSON cannot carry. A member whose value is undefined is absent,
 * as it is for JSON.stringify, so that a record read back from a store has the hash that it was written with.
 */

/** Throws TypeError for a value outside JSON, and for a text with a lone surrogate (3.2.2.2). */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === 'string') return canonicalString(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isPlainObject(value)) return canonicalObject(value);
  throw new TypeError('the value cannot stand in JSON');
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('the text has a lone surrogate');
  return JSON.stringify(text);
}

function canonicalObject(object: Record<string, unknown>): string {
  // Without a comparator, sort compares UTF-16 code units: the order of 3.2.3.
  const members = Object.keys(object)
    .filter((name) => object[name] !== undefined)
    .sort()
    .map((name) => `${canonicalString(name)}:${canonicalJson(object[name])}`);
  return `{${members.join(',')}}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
