/**
 * The `claims` parameter (OpenID Connect Core 5.5): whether it is well-formed, and what it asks for. oidc-provider has
 * parsed the JSON before and knows that both places are objects.
 */
import { untaggedClaim, VERIFICATION_PARTS } from './claims.ts';
import { isJsonObject, type JsonObject, requestProblem } from './claims-request.ts';
import { askedOfVerifiedClaims, verifiedClaimsProblem } from './verified-claims-request.ts';

const PLACES = ['userinfo', 'id_token'] as const;

/** Their values are text (Core 2), and are compared before anybody signs in. */
const TEXT_CLAIMS = ['acr', 'sub'];

/** Why the parameter is refused as a whole (`invalid_request`); undefined when it is well-formed. */
export function claimsParameterProblem(parameter: JsonObject): string | undefined {
  for (const place of PLACES) {
    const requests = parameter[place];
    if (!isJsonObject(requests)) continue;
    for (const [name, request] of Object.entries(requests)) {
      const problem =
        name === 'verified_claims'
          ? verifiedClaimsProblem(request)
          : requestProblem(request, TEXT_CLAIMS.includes(name));
      // The name is the portal's: it is not repeated, for it may hold what an error description may not.
      if (problem !== undefined) return `a member of claims.${place} ${problem}`;
    }
  }
  return undefined;
}

/** The claims that the parameter asks for in either place, tags removed, and the parts of `verified_claims`. */
export function askedInClaimsParameter(text: string | undefined): ReadonlySet<string> {
  const asked = new Set<string>();
  const parameter: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isJsonObject(parameter)) return asked;
  for (const place of PLACES) {
    const requests = parameter[place];
    if (!isJsonObject(requests)) continue;
    const { verified_claims: verified, ...single } = requests;
    const { parts, claims } = askedOfVerifiedClaims(verified);
    for (const claim of [...Object.keys(single), ...claims].map(untaggedClaim)) {
      // A part is no name of a claim: by its name nobody asks for it.
      if (!(VERIFICATION_PARTS as readonly string[]).includes(claim)) asked.add(claim);
    }
    for (const part of parts) asked.add(part);
  }
  return asked;
}
