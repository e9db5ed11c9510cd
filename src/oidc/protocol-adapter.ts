/**
 * oidc-provider's Adapter over the ports: protocol records in ProtocolStore, clients in PortalStore.
 *
 * Single use is decided here (S26): oidc-provider reads a code, then marks it as consumed; of two requests that both
 * read it in time only the one whose conditional update wins may go on. The others end as an invalid_grant, and the grant
 * with them, as when they come later: one of the two may be a thief (RFC 6749 4.1.2, RFC 9700 4.14.2).
 */
import { createHash } from 'node:crypto';
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { Clock } from '../clock.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { clientMetadata } from './client-metadata.ts';
import type { HasEnded } from './ended-records.ts';
import type { ProtocolKey, ProtocolStore } from './protocol-store.ts';
import type { SubmittedInteractions } from './submitted-interactions.ts';

type Factory = (model: string) => Adapter;

/**
 * The models whose id is what its holder presents (RFC 6749, RFC 9126). They are stored under its hash and without it,
 * so a copy of the store holds no token. Nothing looks them up in any other way.
 */
const BEARER_MODELS = new Set(['AccessToken', 'AuthorizationCode', 'PushedAuthorizationRequest', 'RefreshToken']);

/** What a grant has yielded. Without the grant itself none of it counts, nor what is issued at this moment. */
const YIELDED_MODELS = ['AccessToken', 'AuthorizationCode', 'RefreshToken'];

export interface AdapterParts {
  readonly protocol: ProtocolStore;
  readonly portals: PortalStore;
  readonly clock: Clock;
  readonly hasEnded: HasEnded;
  readonly submitted: Pick<SubmittedInteractions, 'find'>;
}

export function createAdapterFactory(parts: AdapterParts): Factory {
  return (model) => (model === 'Client' ? clientAdapter(parts.portals) : protocolAdapter(model, parts));
}

function protocolAdapter(model: string, { protocol, clock, hasEnded, submitted }: AdapterParts): Adapter {
  const isBearer = BEARER_MODELS.has(model);
  const storedId = (id: string): string => (isBearer ? createHash('sha256').update(id).digest('base64url') : id);
  const find = async (key: ProtocolKey): Promise<AdapterPayload | undefined> => {
    const payload: AdapterPayload | undefined = (await protocol.find(model, key, clock()))?.payload;
    return payload === undefined || (await hasEnded(model, payload)) ? undefined : payload;
  };
  const isPushed = model === 'PushedAuthorizationRequest';
  const isInteraction = model === 'Interaction';
  const endReusedGrant = async (key: ProtocolKey): Promise<void> => {
    const { grantId, payload } = (await protocol.find(model, key, clock())) ?? {};
    if (grantId === undefined || payload?.consumed === undefined) return;
    await protocol.remove('Grant', { id: grantId });
    await Promise.all(YIELDED_MODELS.map((yielded) => protocol.remove(yielded, { grantId })));
    const ctx = Provider.ctx;
    // As oidc-provider tells of those that come later.
    ctx?.oidc.provider.emit('grant.revoked', ctx, grantId);
  };
  return {
    async upsert(id, { jti, ...payload }, expiresIn) {
      // oidc-provider does not note who pushed a request.
      const pushedBy = isPushed ? Provider.ctx?.oidc.client?.clientId : undefined;
      await protocol.put({
        model,
        id: storedId(id),
        payload: { ...payload, ...(!isBearer && { jti }), ...(pushedBy !== undefined && { clientId: pushedBy }) },
        // oidc-provider gives no lifetime to what never expires.
        ...(expiresIn && { expiresAt: new Date(clock().getTime() + expiresIn * 1000) }),
        ...(payload.grantId !== undefined && { grantId: payload.grantId }),
        ...(payload.userCode !== undefined && { userCode: payload.userCode }),
        ...(payload.uid !== undefined && { uid: payload.uid }),
      });
    },
    async find(id) {
      // This request has found it already, and knows what the citizen did.
      const resumed = isInteraction ? submitted.find(Provider.ctx?.req, id) : undefined;
      if (resumed !== undefined) return resumed;
      const payload = await find({ id: storedId(id) });
      return payload && isBearer ? { ...payload, jti: id } : payload;
    },
    findByUid: (uid) => find({ uid }),
    findByUserCode: (userCode) => find({ userCode }),
    async consume(id) {
      if (await protocol.consume(model, storedId(id), clock())) return;
      await endReusedGrant({ id: storedId(id) });
      throw new errors.InvalidGrant(`${model} already consumed`);
    },
    destroy: (id) => protocol.remove(model, { id: storedId(id) }),
    revokeByGrantId: (grantId) => protocol.remove(model, { grantId }),
  };
}

/** Clients are portals; oidc-provider reads them and never writes them. */
function clientAdapter(portals: PortalStore): Adapter {
  const readOnly = async (): Promise<never> => {
    throw new TypeError('portals change through the use cases of relying-party, not through the protocol');
  };
  return {
    async find(clientId) {
      const portal = await portals.find(clientId);
      return portal?.status === 'active' ? clientMetadata(portal) : undefined;
    },
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  };
}
