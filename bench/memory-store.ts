/**
 * The store with nothing under it: what a sign-in costs without one. It keeps the promises of the ports, within one
 * process and until it ends.
 */
import type { AuditRecord } from '../src/audit/hash-chain.ts';
import type { RateCount } from '../src/limits/rate-limit-store.ts';
import type { ProtocolRecord, ProtocolStore } from '../src/oidc/protocol-store.ts';
import type { Store } from '../src/store/store.ts';
import {
  memoryConsents,
  memoryKeyRing,
  memoryNotBefore,
  memoryPortals,
  memoryStandings,
} from '../test/support/ports.ts';

export function createMemoryStore(): Store {
  const protocol = createProtocolStore();
  const challenges = new Map<string, Parameters<Store['challenges']['put']>[0]>();
  const handOffs = new Map<string, Parameters<Store['handOffs']['put']>[0]>();
  const citizens = new Map<string, Parameters<Store['citizens']['put']>[0]>();
  const standings = memoryStandings();
  const audit: AuditRecord[] = [];
  const rateCounts = new Map<string, RateCount>();
  return {
    protocol,
    challenges: { put: async (challenge) => void challenges.set(challenge.id, challenge), take: takeFrom(challenges) },
    handOffs: { put: async (handOff) => void handOffs.set(handOff.id, handOff), take: takeFrom(handOffs) },
    portals: memoryPortals(),
    consents: memoryConsents(),
    citizens: {
      async find({ accountId, signedInAt }, at) {
        const record = citizens.get(`${accountId} ${signedInAt}`);
        if (record === undefined || record.expiresAt <= at) return undefined;
        const standing = await standings.find(accountId);
        return { ...record, ...(standing && { standing }) };
      },
      put: async (record) => void citizens.set(`${record.accountId} ${record.signedInAt}`, record),
    },
    standings,
    notBefore: memoryNotBefore(),
    // Who is trusted stands in the configuration of the bench.
    trust: {
      version: async () => ({ list: 0, refreshes: 0 }),
      read: async () => ({ version: { list: 0, refreshes: 0 }, entries: [] }),
      put: () => Promise.reject(new TypeError('the memory store keeps no trust list')),
      remove: async () => false,
      refresh: () => Promise.reject(new TypeError('the memory store keeps no trust list')),
      claim: () => Promise.reject(new TypeError('the memory store keeps no trust list')),
      settle: () => Promise.reject(new TypeError('the memory store keeps no trust list')),
    },
    keyRing: memoryKeyRing(),
    // The benches ask no responder.
    ocspAnswers: { find: async () => undefined, put: async () => undefined },
    // The portals of the benches take no notice of an end.
    logoutNotices: {
      put: async () => undefined,
      prolong: async () => undefined,
      end: async () => 0,
      take: async () => undefined,
      settle: async () => undefined,
      postpone: async () => undefined,
      backlog: async () => [],
    },
    audit: {
      async append(link) {
        const record = link(audit.at(-1));
        audit.push(record);
        return record;
      },
      read: async (after, limit) => audit.slice(after, after + limit),
    },
    rateLimits: {
      async add(key, points, at, expiresAt) {
        const running = rateCounts.get(key);
        const isRunning = running !== undefined && running.expiresAt > at;
        const end = isRunning && running.expiresAt < expiresAt ? running.expiresAt : expiresAt;
        const count = { points: points + (isRunning ? running.points : 0), expiresAt: end };
        rateCounts.set(key, count);
        return count;
      },
    },
    async sweep(at) {
      return (
        protocol.sweep(at) +
        [challenges, handOffs, citizens].reduce((sum, records) => sum + sweepMap<{ expiresAt: Date }>(records, at), 0)
      );
    },
    close: async () => undefined,
  };
}

function createProtocolStore(): ProtocolStore & { sweep(at: Date): number } {
  const records = new Map<string, ProtocolRecord>();
  const keysByUid = new Map<string, string>();
  const keysByGrant = new Map<string, Set<string>>();
  const keyOf = (model: string, id: string): string => `${model} ${id}`;
  const isLive = ({ expiresAt }: ProtocolRecord, at: Date): boolean => expiresAt === undefined || expiresAt > at;
  const remove = (key: string): void => {
    const record = records.get(key);
    if (record === undefined) return;
    records.delete(key);
    if (record.uid !== undefined && keysByUid.get(keyOf(record.model, record.uid)) === key)
      keysByUid.delete(keyOf(record.model, record.uid));
    if (record.grantId === undefined) return;
    const ofGrant = keysByGrant.get(keyOf(record.model, record.grantId));
    ofGrant?.delete(key);
    if (ofGrant?.size === 0) keysByGrant.delete(keyOf(record.model, record.grantId));
  };
  return {
    async put(record) {
      const key = keyOf(record.model, record.id);
      const consumed = records.get(key)?.payload.consumed;
      remove(key);
      records.set(key, consumed === undefined ? record : { ...record, payload: { ...record.payload, consumed } });
      if (record.uid !== undefined) keysByUid.set(keyOf(record.model, record.uid), key);
      if (record.grantId === undefined) return;
      const place = keyOf(record.model, record.grantId);
      keysByGrant.set(place, (keysByGrant.get(place) ?? new Set()).add(key));
    },
    async add(record) {
      if (records.has(keyOf(record.model, record.id))) return false;
      await this.put(record);
      return true;
    },
    async find(model, key, at) {
      if ('userCode' in key) throw new TypeError('no sign-in of the bench is by user code');
      const record = records.get('id' in key ? keyOf(model, key.id) : (keysByUid.get(keyOf(model, key.uid)) ?? ''));
      return record !== undefined && isLive(record, at) ? record : undefined;
    },
    async consume(model, id, at) {
      const key = keyOf(model, id);
      const record = records.get(key);
      if (record === undefined || !isLive(record, at) || record.payload.consumed !== undefined) return false;
      const consumed = Math.floor(at.getTime() / 1000);
      records.set(key, { ...record, payload: { ...record.payload, consumed } });
      return true;
    },
    async remove(model, key) {
      if ('id' in key) remove(keyOf(model, key.id));
      else for (const each of keysByGrant.get(keyOf(model, key.grantId)) ?? []) remove(each);
    },
    sweep(at) {
      const expired = [...records].filter(([, record]) => !isLive(record, at));
      for (const [key] of expired) remove(key);
      return expired.length;
    },
  };
}

/** Of any number of calls one gets the record. */
function takeFrom<Record>(records: Map<string, Record>): (id: string) => Promise<Record | undefined> {
  return async (id) => {
    const record = records.get(id);
    records.delete(id);
    return record;
  };
}

function sweepMap<Record extends { readonly expiresAt: Date }>(records: Map<string, Record>, at: Date): number {
  const expired = [...records].filter(([, { expiresAt }]) => expiresAt <= at);
  for (const [id] of expired) records.delete(id);
  return expired.length;
}
