/**
 * Introspection of a JWT (RFC 7662 2.2): no token that this service gives for access is one, so it is not active, like
 * everything else that is unknown here; signed where the portal wants it signed (RFC 9701). oidc-provider would refuse the
 * request.
 */
import { errors, type Provider } from 'oidc-provider';
import { providerContext } from './provider-context.ts';

type Middleware = Parameters<Provider['use']>[0];

const SIGNED = 'application/token-introspection+jwt';

export const knowNoJwt: Middleware = async (ctx, next) => {
  await next();
  const oidc = providerContext(ctx);
  const { body } = ctx;
  const isRefused =
    typeof body === 'object' && body !== null && 'error' in body && body.error === 'unsupported_token_type';
  if (oidc?.route !== 'introspection' || oidc.client === undefined || !isRefused) return;
  const answer = { active: false };
  ctx.status = 200;
  if (ctx.accepts('json', SIGNED) !== SIGNED) {
    ctx.body = answer;
    return;
  }
  const token = new oidc.provider.IdToken({}, { client: oidc.client });
  // Its members, without what is of an ID token alone.
  Object.assign(token, { extra: { token_introspection: answer } });
  try {
    ctx.body = await token.issue({ use: 'introspection' });
    ctx.type = `${SIGNED}; charset=utf-8`;
  } catch (error) {
    // The key set of the portal is gone, to which the answer is encrypted: the same refusal as for any other token.
    if (!(error instanceof errors.InvalidClientMetadata)) throw error;
    ctx.status = error.statusCode;
    ctx.body = { error: error.error, error_description: error.error_description };
  }
};
