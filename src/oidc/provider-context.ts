/**
 * What oidc-provider knows of a request: defined on its own routes only, which its types do not show.
 */
import type { KoaContextWithOIDC } from 'oidc-provider';

export function providerContext(ctx: object): KoaContextWithOIDC['oidc'] | undefined {
  return (ctx as Partial<KoaContextWithOIDC>).oidc;
}
