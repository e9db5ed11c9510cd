/**
 * An answer of the authorization endpoint that cannot be encrypted for its portal (JWT Secured Authorization Response
 * Mode 2.2), because the portal's key set is gone or has no such key. Nothing can go back to the portal then, no error
 * either; the citizen reads that the portal is at fault, and the refusal is on record as the portal's.
 */
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';

type Middleware = Parameters<Provider['use']>[0];

const ROUTES: readonly unknown[] = ['authorization', 'resume'];

/** @param renderError shows the page of an error that cannot go back to the portal */
export function showEncryptionFailure(renderError: (ctx: KoaContextWithOIDC, error: Error) => void): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // oidc-provider answers every other error of these routes itself.
      const isEncryption = error instanceof errors.InvalidClientMetadata && ROUTES.includes(ctx.oidc?.route);
      if (!isEncryption) throw error;
      ctx.status = error.statusCode;
      ctx.state.oauthError = error.error;
      renderError(ctx as KoaContextWithOIDC, error);
    }
  };
}
