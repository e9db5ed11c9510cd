/**
 * The request for one claim (OpenID Connect Core 5.5.1): whether it is well-formed, and whether a value is one that the
 * portal asked for.
 */
import { canonicalJson } from '../audit/canonical-json.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Null, or an object; members that are not understood are ignored.
 * @param isText where only text can be asked for
 * @returns why it is refused, to go on from "a member of claims"; undefined when it is well-formed
 */
export function requestProblem(request: unknown, isText = false): string | undefined {
  if (request === null) return undefined;
  if (!isJsonObject(request)) return 'is neither null nor an object';
  const { essential, value, values } = request;
  if (essential !== undefined && typeof essential !== 'boolean') return 'has an essential that is no boolean';
  if (values !== undefined && !(Array.isArray(values) && values.length > 0)) return 'has values that are no list';
  const given = [...('value' in request ? [value] : []), ...(Array.isArray(values) ? values : [])];
  if (isText && !given.every((one) => typeof one === 'string')) return 'asks for a value that is no text';
  if (!given.every(isComparable)) return 'asks for a value that is no text of Unicode';
  return undefined;
}

/** The value is the one, and one of those, that the request names; it may name none. */
export function isAskedFor(value: unknown, request: unknown): boolean {
  if (!isJsonObject(request)) return true;
  const equals = (asked: unknown): boolean => canonicalJson(asked) === canonicalJson(value);
  if ('value' in request && !equals(request.value)) return false;
  return !Array.isArray(request.values) || request.values.some(equals);
}

/** JSON can carry half a character, which equals nothing. */
function isComparable(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}
