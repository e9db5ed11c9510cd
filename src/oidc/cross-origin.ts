/**
 * Which pages may ask the provider from a browser (Fetch, CORS): those of a public portal, from the origins of its redirect
 * URIs. A portal with a secret or a key asks from its server; its pages may ask for userinfo, with a token that they hold.
 */
import type { Configuration } from 'oidc-provider';

export const isOriginAllowed: NonNullable<Configuration['clientBasedCORS']> = (ctx, origin, client) => {
  if (client.clientAuthMethod !== 'none' && ctx.oidc.route !== 'userinfo') return false;
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
};
