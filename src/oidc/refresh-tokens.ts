/**
 * Refresh tokens (RFC 6749 6): none unless an officer approved them for the portal, and never beyond the session that the
 * card opened. Each is used once; one that comes a second time ends the grant (RFC 9700 4.14.2). Those of FAPI portals stay
 * (FAPI 2.0 Security Profile 5.3.2.1: no rotation): the key by which the portal authenticates constrains them (RFC 9449 5).
 */
import type { Configuration } from 'oidc-provider';
import type { Clock } from '../clock.ts';

type RefreshTokenConfiguration = Required<Pick<Configuration, 'issueRefreshToken' | 'rotateRefreshToken'>>;

export const refreshTokens: RefreshTokenConfiguration = {
  issueRefreshToken: async (_ctx, client) =>
    client.thiqa_refresh_tokens === true && client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: (ctx) => !ctx.oidc.isFapi('2.0'),
};

/** Until the session ends, counted from the card. */
export function refreshTokenSeconds(authTime: number | undefined, sessionSeconds: number, clock: Clock): number {
  const now = Math.floor(clock().getTime() / 1000);
  return Math.max((authTime ?? now) + sessionSeconds - now, 1);
}
