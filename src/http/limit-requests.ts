/**
 * What of the issuer's host counts for an address: each authorization request, each request to end a session and each
 * challenge, for they cost the service most; and each request that is refused, for a refusal may cost an audit record.
 * What the limit of an address says is asked before anything else is done for it.
 *
 * Pushed and token requests come from the servers of portals, all from one address: they count for the portal, once it has
 * authenticated (oidc/provider.ts), and for the address only when they are refused. A public portal never authenticates, so
 * that anybody may ask in its name: each request counts for the address that it comes from.
 */
import type { Context, Middleware } from 'koa';
import type { TrustedPeers } from '../authentication/proxy-certificate.ts';
import { ServiceError } from '../errors.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { clientAddress } from './client-address.ts';
import type { ConnectionShare } from './connection-limits.ts';
import { describeError } from './error-response.ts';

export interface AddressLimits extends ConnectionShare {
  readonly limits: RateLimits;
  /** Whose X-Forwarded-For counts, and who brings the connections of many. */
  readonly proxies: TrustedPeers;
}

export function limitRequests({ limits, proxies }: AddressLimits): Middleware {
  return async (ctx, next) => {
    const address = clientAddress(ctx.req, proxies);
    limits.refuseSpent(address);
    if (isCostly(ctx)) await limits.countAddress(address);
    try {
      await next();
    } catch (error) {
      if (isRefusal(describeError(error).status)) await limits.countAddress(address);
      throw error;
    }
    if (isRefusal(ctx.status) || isOfPublicPortal(ctx)) await limits.countAddress(address);
  };
}

/** The card host has nothing else: each request is a challenge, or out of place. */
export function limitEveryRequest({ limits, proxies }: AddressLimits): Middleware {
  return async (ctx, next) => {
    await limits.countAddress(clientAddress(ctx.req, proxies));
    await next();
  };
}

/** Seconds for Retry-After (RFC 9110 10.2.3). */
export function retryAfter(error: unknown): string | undefined {
  if (!(error instanceof ServiceError) || error.code !== 'TOO_MANY_REQUESTS') return undefined;
  const { retryAfterSeconds } = error.detail;
  return typeof retryAfterSeconds === 'number' ? String(retryAfterSeconds) : undefined;
}

/** Of the request, not of the service; and one that was counted is not counted for being refused. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 429;
}

/** Where oidc-provider authenticates portals. Others than these are no requests of a portal, or counted already. */
const PORTAL_ROUTES: readonly unknown[] = ['pushed_authorization_request', 'token', 'introspection', 'revocation'];

function isOfPublicPortal({ oidc }: Context): boolean {
  return PORTAL_ROUTES.includes(oidc?.route) && oidc.client?.clientAuthMethod === 'none';
}

/** Each opens a record that is kept for a while, whoever asks. */
const OPENINGS: readonly string[] = ['/auth', '/session/end'];
const CHALLENGES = /^\/auth\/[^/]+\/sign-in\/(?:card|web-eid\/challenge)$/;

/** Routers take any case and a slash at the end for the same address. */
function isCostly({ method, path }: Context): boolean {
  const plain = path.toLowerCase().replace(/\/$/, '');
  return OPENINGS.includes(plain) || (method === 'POST' && CHALLENGES.test(plain));
}
