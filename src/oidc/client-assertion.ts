/**
 * Client assertions (RFC 7523, OpenID Connect Core 9): what oidc-provider leaves to us once the signature has verified,
 * and before anything is done for the portal or the assertion is marked as used.
 */
import { type Configuration, errors } from 'oidc-provider';
import { isFromFuture } from './issued-at.ts';

type AssertClientAssertion = NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']>;

/** Each is remembered until it expires, so that none can be used twice: not for ever. */
const MAXIMUM_LIFETIME_SECONDS = 3600;
/** RFC 7523 bis: an explicit type, where there is one, is this. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt'];

export const assertClientAssertion: AssertClientAssertion = async (ctx, claims, header) => {
  if (!TYPES.includes(header.typ)) throw new errors.InvalidClientAuth('the assertion is a JWT for another purpose');
  // RFC 7515 4.1.11: nothing critical is known here; a JWT must not leave its payload unencoded (RFC 7797 7).
  if (header.crit !== undefined) throw new errors.InvalidClientAuth('the assertion has a critical header parameter');
  // FAPI 2.0 Security Profile 5.3.2.1: the issuer as the sole value, as a string. One for many would open others.
  if (ctx.oidc.isFapi('2.0') && claims.aud !== ctx.oidc.issuer) {
    throw new errors.InvalidClientAuth('audience (aud) must be the issuer identifier alone');
  }
  if (isFromFuture(claims.iat)) throw new errors.InvalidClientAuth('the assertion was issued in the future');
  if (Number(claims.exp) > Date.now() / 1000 + MAXIMUM_LIFETIME_SECONDS) {
    throw new errors.InvalidClientAuth('the assertion lives longer than an hour');
  }
};
