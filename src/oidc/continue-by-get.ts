/**
 * The endpoints for browsers by POST: authorization (OpenID Connect Core 3.1.2.1), end of session (RP-Initiated Logout 1.0,
 * 2). A form that another site posts comes without the session's cookie (SameSite=Lax), so the browser is sent on to the
 * same request by GET: then the cookie comes with it, and there is one way on which requests are checked.
 */
import type { IncomingMessage } from 'node:http';
import type { Provider } from 'oidc-provider';
import { ServiceError } from '../errors.ts';

type Middleware = Parameters<Provider['use']>[0];

/** What fits into an address that every browser and proxy carries. More is pushed (RFC 9126). */
const MAXIMUM_OCTETS = 8192;

/** The parameters that the address of the request by GET has, of those that were posted. */
export type AddressParameters = (posted: URLSearchParams) => URLSearchParams | Promise<URLSearchParams>;

/** @param endpoints by path */
export function continueByGet(endpoints: ReadonlyMap<string, AddressParameters>): Middleware {
  return async (ctx, next) => {
    const addressParameters = ctx.method === 'POST' ? endpoints.get(ctx.path) : undefined;
    if (addressParameters === undefined) return next();
    if (!ctx.is('application/x-www-form-urlencoded')) {
      throw new ServiceError('REQUEST_MALFORMED', 'a request of a browser is posted as a form');
    }
    const parameters = await addressParameters(new URLSearchParams(await postedText(ctx.req)));
    ctx.status = 303;
    ctx.set('Location', `${ctx.path}?${parameters}`);
    return undefined;
  };
}

/** @throws ServiceError REQUEST_TOO_LARGE, REQUEST_MALFORMED */
async function postedText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let octets = 0;
  try {
    // Destroyed, the request would take the connection with it, and the page that says what is wrong.
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      octets += part.length;
      if (octets > MAXIMUM_OCTETS) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new ServiceError('REQUEST_MALFORMED', 'the posted request broke off', { cause });
  }
  if (octets > MAXIMUM_OCTETS) {
    throw new ServiceError('REQUEST_TOO_LARGE', 'the posted request is larger than the limit');
  }
  return Buffer.concat(parts).toString('utf8');
}
