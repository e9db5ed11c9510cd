/**
 * One accepted record of each kind, for tests to vary, and the times around them.
 */
import type { AuditEvent } from '../../src/audit/event.ts';
import type { Challenge } from '../../src/authentication/challenge.ts';
import type { HandOff } from '../../src/authentication/hand-off.ts';
import type { SessionParticipant } from '../../src/oidc/back-channel-logout/logout-notice.ts';
import type { ProtocolRecord } from '../../src/oidc/protocol-store.ts';
import type { Portal } from '../../src/relying-party/portal.ts';
import type { TrustEntry } from '../../src/trust/trust-list.ts';

export const NOW = new Date('2026-11-02T10:00:00.500Z');
export const EXPIRY = new Date('2026-11-02T10:01:00.000Z');
export const BEFORE_EXPIRY = new Date(EXPIRY.getTime() - 1);

export const code = (id: string): ProtocolRecord => ({
  model: 'AuthorizationCode',
  id,
  payload: { accountId: 'account-1', scope: 'openid' },
  expiresAt: EXPIRY,
  grantId: 'grant-1',
});

export const challenge = (id: string): Challenge => ({
  id,
  interaction: 'interaction-1',
  browserHash: 'browser-hash',
  clientId: 'passport-renewal',
  expiresAt: EXPIRY,
});

export const handOff = (id: string): HandOff => ({
  id,
  interaction: 'interaction-1',
  browserHash: 'browser-hash',
  sealed: Uint8Array.of(0, 1, 254, 255),
  expiresAt: EXPIRY,
});

export const portal = (clientId: string): Portal => ({
  clientId,
  name: { ar: 'تجديد جواز السفر', fr: 'Renouvellement du passeport' },
  sector: 'passport.example.ma',
  redirectUris: ['https://passport.example.ma/callback'],
  tokenEndpointAuthMethod: 'private_key_jwt',
  jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] },
  claims: ['family_name', 'given_name'],
  purpose: { fr: 'Renouveler un passeport' },
  status: 'active',
  registeredAt: NOW,
});

export const participant = (sid: string): SessionParticipant => ({
  sid,
  sessionUid: `session of ${sid}`,
  clientId: 'portal-1',
  accountId: 'account-1',
  expiresAt: EXPIRY,
});

export const trustEntry = (certificateSha256: string): TrustEntry => ({
  profile: 'cnie',
  kind: 'anchor',
  keySha256: 'key-1',
  certificateSha256,
  certificate: Uint8Array.of(0x30, 0, 255),
  addedAt: NOW,
});

export const auditEvent = (clientId: string): AuditEvent => ({ type: 'portal.registered', clientId });
