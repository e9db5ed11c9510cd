/**
 * The `id_token_hint` of a request to end a session that was posted (RP-Initiated Logout 1.0, 2). A portal posts it to keep
 * it out of addresses, for an ID token may carry what it was asked to say of a person; the browser goes on by GET
 * (continue-by-get.ts). So the hint is verified here, and in its place goes on what it is good for: the portal's client_id.
 */
import { decodeJwt } from 'jose';
import type { Provider } from 'oidc-provider';

const HINT = 'id_token_hint';
/** No ID token: the endpoint refuses it, with the record and the page that every such refusal has. */
const REFUSED = 'refused';

/** @returns the parameters with which the browser goes on */
export async function withoutHint(provider: Provider, posted: URLSearchParams): Promise<URLSearchParams> {
  const hints = posted.getAll(HINT).filter((hint) => hint !== '');
  const rest = new URLSearchParams([...posted].filter(([name]) => name !== HINT));
  const [hint] = hints;
  if (hint === undefined) return rest;
  const clientId = hints.length === 1 ? await portalOf(provider, hint) : undefined;
  const named = rest.getAll('client_id');
  if (clientId === undefined || named.some((name) => name !== clientId)) rest.set(HINT, REFUSED);
  else rest.set('client_id', clientId);
  return rest;
}

/** The portal that an ID token of ours was made for; undefined for everything else. */
async function portalOf(provider: Provider, hint: string): Promise<string | undefined> {
  const audience = unverifiedAudience(hint);
  const client = audience === undefined ? undefined : await provider.Client.find(audience);
  if (client === undefined) return undefined;
  try {
    await provider.IdToken.validate(hint, client);
    return client.clientId;
  } catch {
    // Whatever is wrong with it, the request is refused.
    return undefined;
  }
}

function unverifiedAudience(hint: string): string | undefined {
  try {
    const { aud } = decodeJwt(hint);
    return typeof aud === 'string' ? aud : undefined;
  } catch {
    // Not a JWT.
    return undefined;
  }
}
