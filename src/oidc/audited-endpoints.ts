/**
 * What the provider does is recorded before its answer leaves: an assertion at the token endpoint, and each refusal
 * that a portal gets. If the record cannot be made durable, the answer is withheld.
 */
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AuditEvent } from '../audit/event.ts';
import { providerContext } from './provider-context.ts';

type Middleware = Parameters<Provider['use']>[0];

export function auditAssertions(audit: AuditLog): Middleware {
  return async (ctx, next) => {
    await next();
    const oidc = providerContext(ctx);
    if (oidc === undefined) return;
    for (const event of eventsOf(ctx as KoaContextWithOIDC)) await audit.append(event);
  };
}

/** What only events of the provider tell, for `auditAssertions` to record before the answer leaves. */
export function noteForAudit(provider: Provider): void {
  // In a form or in a signed answer the error is for the portal alone to read.
  provider.on('authorization.error', (ctx, error) => {
    ctx.state.oauthError = error.error;
  });
  provider.on('grant.revoked', (ctx, grantId) => {
    ctx.state.revokedGrant = grantId;
  });
}

function eventsOf(ctx: KoaContextWithOIDC): AuditEvent[] {
  const { oidc } = ctx;
  const clientId = oidc.client?.clientId;
  const isRefresh = oidc.params?.grant_type === 'refresh_token';
  if (oidc.route === 'token' && ctx.status === 200) {
    const source = isRefresh ? oidc.entities.RefreshToken : oidc.entities.AuthorizationCode;
    if (source?.accountId === undefined || source.grantId === undefined || clientId === undefined) {
      throw new TypeError('a successful token request has a code or a refresh token, an account and a client');
    }
    const { accountId, grantId } = source;
    return [{ type: 'assertion.issued', clientId, accountId, grantId, ...(isRefresh && { refreshed: true }) }];
  }
  if (oidc.route === 'end_session_confirm' && ctx.status === 303) {
    const accountId = oidc.session?.accountId;
    const isWhole = oidc.params?.logout !== undefined;
    if (accountId === undefined || (!isWhole && clientId === undefined)) return [];
    return [{ type: 'citizen.signed-out', accountId, isWhole, ...(clientId !== undefined && { clientId }) }];
  }
  const revoked = oidc.entities.AccessToken ?? oidc.entities.RefreshToken;
  // A token of another portal is found there as well, and left alone (provider.ts).
  if (oidc.route === 'revocation' && ctx.status === 200 && clientId !== undefined && revoked?.clientId === clientId) {
    const { accountId } = revoked;
    return [{ type: 'token.revoked', clientId, ...(accountId !== undefined && { accountId }) }];
  }
  const error = errorIn(ctx);
  // A limit that was passed is on record once a window, by who counted (limits/rate-limits.ts).
  if (error === undefined || ctx.status === 429) return [];
  // Why, where more is known than the error says (mutual-tls.ts, suspended-portal.ts).
  const code: unknown = ctx.state.refusalCode;
  const events: AuditEvent[] = [
    {
      type: 'portal.refused',
      endpoint: oidc.route,
      error,
      ...(clientId !== undefined && { clientId }),
      ...(typeof code === 'string' && { code }),
    },
  ];
  const grantId: unknown = ctx.state.revokedGrant;
  if (oidc.route === 'token' && typeof grantId === 'string' && clientId !== undefined) {
    const credential = isRefresh ? 'refresh_token' : 'authorization_code';
    events.push({ type: 'portal.reused', clientId, grantId, credential });
  }
  return events;
}

/** The OAuth error that the portal gets: in the body, or in the redirect back to it (RFC 6749 4.1.2.1, 5.2). */
function errorIn(ctx: KoaContextWithOIDC): string | undefined {
  const location = ctx.response.get('Location');
  const sent = location && errorInAddress(location);
  if (sent) return sent;
  // The page of an error that cannot go back to the portal has left its name here (provider.ts).
  const shown: unknown = ctx.state.oauthError;
  if (typeof shown === 'string') return shown;
  if (ctx.status < 400) return undefined;
  const body: unknown = ctx.body;
  if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string') return body.error;
  return `http_${ctx.status}`;
}

function errorInAddress(address: string): string | null {
  const { searchParams, hash } = URL.parse(address) ?? {};
  return searchParams?.get('error') ?? new URLSearchParams(hash?.slice(1)).get('error');
}
