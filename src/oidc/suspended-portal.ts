/**
 * A suspended portal is no client: nobody signs in to it, and what was issued to it is worth nothing. It is told so, where
 * an unknown one is told that it is unknown.
 *
 * A portal that registered what this provider has no more, as an algorithm whose last key was retired, is refused where it
 * asks. Anywhere else it is no client either: a citizen whose session it takes part in can still sign out.
 */
import { errors, Provider } from 'oidc-provider';
import type { PortalStore } from '../relying-party/portal.ts';

/** RFC 6749 5.2. */
export class PortalSuspended extends errors.InvalidClient {
  constructor(status: 400 | 401) {
    super('the portal is suspended');
    this.statusCode = status;
    this.status = status;
  }
}

/** Where the client of the route is the one that asks. */
const ASKING_ROUTES = new Set(['authorization', 'resume']);
const AUTHENTICATED_ROUTES = new Set(['pushed_authorization_request', 'token', 'introspection', 'revocation']);

export function refuseSuspended(provider: Provider, portals: Pick<PortalStore, 'find'>): void {
  const { Client } = provider;
  // oidc-provider makes this class for each provider.
  const find = Client.find.bind(Client);
  Client.find = async (clientId) => {
    const ctx = Provider.ctx;
    const route = ctx?.oidc.route ?? '';
    const isAuthenticated = AUTHENTICATED_ROUTES.has(route);
    const isAsking = isAuthenticated || ASKING_ROUTES.has(route);
    const client = await find(clientId).catch((error: unknown) => {
      if (isAsking || !(error instanceof errors.InvalidClientMetadata)) throw error;
      return undefined;
    });
    if (client !== undefined || !isAsking) return client;
    if ((await portals.find(clientId))?.status !== 'suspended') return undefined;
    // For the record of the refusal (audited-endpoints.ts).
    if (ctx) ctx.state.refusalCode = 'PORTAL_SUSPENDED';
    throw new PortalSuspended(isAuthenticated ? 401 : 400);
  };
}
