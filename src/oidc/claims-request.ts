/**
 * The `claims` parameter (OpenID Connect Core 5.5): which requests are well-formed, and whether a value is one that the
 * portal asked for. oidc-provider has parsed the JSON before and knows that both places are objects.
 */
import { canonicalJson } from '../audit/canonical-json.ts';

/** The two places of the parameter. */
export const CLAIMS_PLACES = ['userinfo', 'id_token'] as const;

/** Their values are text (Core 2), and are compared before anybody signs in. */
const TEXT_CLAIMS = ['acr', 'sub'];

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why the parameter is refused as a whole (`invalid_request`); undefined when it is well-formed. */
export function claimsRequestProblem(parameter: JsonObject): string | undefined {
  for (const place of CLAIMS_PLACES) {
    const requests = parameter[place];
    if (!isJsonObject(requests)) continue;
    for (const [name, request] of Object.entries(requests)) {
      const problem = requestProblem(request, TEXT_CLAIMS.includes(name));
      // The name is the portal's: it is not repeated, for it may hold what an error description may not.
      if (problem !== undefined) return `a member of claims.${place} ${problem}`;
    }
  }
  return undefined;
}

/** Core 5.5.1: null, or an object; members that are not understood are ignored. */
export function requestProblem(request: unknown, isText = false): string | undefined {
  if (request === null) return undefined;
  if (!isJsonObject(request)) return 'is neither null nor an object';
  const { essential, value, values } = request;
  if (essential !== undefined && typeof essential !== 'boolean') return 'has an essential that is no boolean';
  if (values !== undefined && !(Array.isArray(values) && values.length > 0)) return 'has values that are no list';
  const given = [...('value' in request ? [value] : []), ...(Array.isArray(values) ? values : [])];
  if (isText && !given.every((one) => typeof one === 'string')) return 'asks for a value that is no text';
  return undefined;
}

/** Core 5.5.1: the value is the one, and one of those, that the request names; it may name none. */
export function isAskedFor(value: unknown, request: unknown): boolean {
  if (!isJsonObject(request)) return true;
  const equals = (asked: unknown): boolean => canonicalJson(asked) === canonicalJson(value);
  if ('value' in request && !equals(request.value)) return false;
  return !Array.isArray(request.values) || request.values.some(equals);
}
