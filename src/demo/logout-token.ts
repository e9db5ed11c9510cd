/**
 * What a portal checks of a logout token before it ends a session (OpenID Connect Back-Channel Logout 1.0, 2.6).
 */
import { type JWTVerifyGetKey, jwtVerify } from 'jose';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** A token of so long ago was held back by somebody. */
const OLDEST_SECONDS = 300;

/** Whose session has ended: one of the citizen, or each where there is no sid. */
export interface EndedSession {
  readonly sub: string | undefined;
  readonly sid: string | undefined;
}

export interface LogoutTokenRules {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: JWTVerifyGetKey;
}

/** Rejects with an Error for anything that is no logout token for this portal. */
export async function readLogoutToken(
  token: string,
  { issuer, clientId, keys }: LogoutTokenRules,
): Promise<EndedSession> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    typ: 'logout+jwt',
    issuer,
    audience: clientId,
    requiredClaims: ['iat', 'exp', 'jti'],
    maxTokenAge: OLDEST_SECONDS,
    clockTolerance: 10,
  });
  const { events, sub, sid } = payload;
  const event = isObject(events) ? events[EVENT] : undefined;
  if (!isObject(event)) throw new Error('the token tells of no logout');
  if (payload.nonce !== undefined) throw new Error('an ID token is no logout token');
  if (sub === undefined && sid === undefined) throw new Error('the token names neither a subject nor a session');
  if (sid !== undefined && typeof sid !== 'string') throw new Error('the sid is no text');
  return { sub, sid };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
