/**
 * Request objects (RFC 9101): which are read. oidc-provider has checked issuer, audience and times, and verifies the
 * signature after this; what stands here it leaves to us.
 *
 * By value up to a limit; for this purpose (typ) and not for ever (exp), so that one that was seen cannot be sent again
 * for long. For FAPI portals also FAPI 2.0 Message Signing 5.3.1: nbf, and no more than an hour between the two.
 */
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { isFromFuture } from './issued-at.ts';

export const MAXIMUM_REQUEST_OBJECT_CHARACTERS = 8192;
const MAXIMUM_LIFETIME_SECONDS = 3600;
const TYPES: readonly unknown[] = [undefined, 'JWT', 'oauth-authz-req+jwt'];

type Members = Readonly<Record<string, unknown>>;

export async function assertRequestObject(ctx: KoaContextWithOIDC, claims: Members, header: Members): Promise<void> {
  // A pushed request was checked when it was pushed; what stands here then is oidc-provider's own form of it.
  if ('PushedAuthorizationRequest' in ctx.oidc.entities) return;
  if (String(ctx.oidc.params?.request ?? '').length > MAXIMUM_REQUEST_OBJECT_CHARACTERS) {
    throw refused('is larger than the limit: push the request instead');
  }
  if (!TYPES.includes(header.typ)) throw refused('is a JWT for another purpose');
  // RFC 7515 4.1.11: nothing critical is known here; a JWT must not leave its payload unencoded (RFC 7797 7).
  if (header.crit !== undefined) throw refused('has a critical header parameter');
  const { exp, iat, nbf } = claims;
  if (isFromFuture(iat)) throw refused('was issued in the future');
  if (typeof exp !== 'number') throw refused("is missing the 'exp' claim");
  if (exp > Date.now() / 1000 + MAXIMUM_LIFETIME_SECONDS) throw refused('lives longer than an hour');
  if (!ctx.oidc.isFapi('2.0')) return;
  if (typeof nbf !== 'number') throw refused("is missing the 'nbf' claim");
  if (exp <= nbf || exp - nbf > MAXIMUM_LIFETIME_SECONDS) throw refused("has its 'exp' too far from its 'nbf'");
}

function refused(reason: string): Error {
  return new errors.InvalidRequestObject(`Request Object ${reason}`);
}
