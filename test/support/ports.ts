/**
 * The ports of the domain rooms in memory, and a clock that a test moves. They keep and find, as the contract test
 * of `test/store` demands of every store, and decide nothing.
 */
import { AuditLog, type AuditStore } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import type { Challenge, ChallengeStore } from '../../src/authentication/challenge.ts';
import type { HandOff, HandOffStore } from '../../src/authentication/hand-off.ts';
import type { CitizenRecord, CitizenStore } from '../../src/citizen/citizen-record.ts';
import type { Consent, ConsentStore } from '../../src/citizen/consent.ts';
import type { CitizenStanding, StandingStore } from '../../src/citizen/standing.ts';
import type { Clock } from '../../src/clock.ts';
import type { NotBeforeStore } from '../../src/not-before.ts';
import type {
  EndedSessions,
  LogoutNotice,
  LogoutNoticeStore,
  SessionParticipant,
} from '../../src/oidc/back-channel-logout/logout-notice.ts';
import type { KeyRingStore, SealedKeyRing } from '../../src/oidc/keys/key-ring.ts';
import type { ProtocolKey, ProtocolRecord, ProtocolStore } from '../../src/oidc/protocol-store.ts';
import type { Portal, PortalStore } from '../../src/relying-party/portal.ts';
import type { ServiceAbilities } from '../../src/relying-party/protocol-metadata.ts';
import { isSameSubject } from '../../src/trust/document-trust.ts';
import type { TrustEntry, TrustStore } from '../../src/trust/trust-list.ts';
import { AT } from './authority.ts';

/** Of a service that can do everything. */
export const ABILITIES: ServiceAbilities = {
  signingAlgorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  mutualTls: true,
  portalAuthorities: true,
  isSandbox: false,
};

export interface TestClock {
  readonly clock: Clock;
  /** Moves the clock; time passes for nobody else. */
  advance(milliseconds: number): void;
}

export function testClock(start: Date = AT): TestClock {
  let now = start.getTime();
  return {
    clock: () => new Date(now),
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

export interface TestAudit {
  readonly log: AuditLog;
  readonly events: () => readonly AuditEvent[];
  /** From now on nothing can be appended: the disk is full. */
  fail(): void;
}

export function testAudit(clock: Clock = () => AT): TestAudit {
  const records: AuditRecord[] = [];
  let isFailing = false;
  const store: AuditStore = {
    async append(link) {
      if (isFailing) throw new Error('no space left on device');
      const record = link(records.at(-1));
      records.push(record);
      return record;
    },
    read: async (after, limit) => records.filter(({ sequence }) => sequence > after).slice(0, limit),
  };
  return {
    log: new AuditLog(store, clock),
    events: () => records.map(({ event }) => event),
    fail() {
      isFailing = true;
    },
  };
}

/** The records by id, for a test that looks at what is stored, or alters it. */
export function memoryChallenges(): ChallengeStore & { readonly stored: Map<string, Challenge> } {
  const stored = new Map<string, Challenge>();
  return {
    stored,
    async put(challenge) {
      stored.set(challenge.id, challenge);
    },
    take: async (id) => takeFrom(stored, id),
  };
}

export function memoryHandOffs(): HandOffStore & { readonly stored: Map<string, HandOff> } {
  const stored = new Map<string, HandOff>();
  return {
    stored,
    async put(handOff) {
      stored.set(handOff.id, handOff);
    },
    take: async (id) => takeFrom(stored, id),
  };
}

function takeFrom<T>(stored: Map<string, T>, id: string): T | undefined {
  const taken = stored.get(id);
  stored.delete(id);
  return taken;
}

export function memoryCitizens(
  standings: StandingStore = memoryStandings(),
): CitizenStore & { readonly stored: Map<string, CitizenRecord> } {
  const stored = new Map<string, CitizenRecord>();
  return {
    stored,
    async find({ accountId, signedInAt }, at) {
      const record = stored.get(`${accountId}.${signedInAt}`);
      if (record === undefined || record.expiresAt <= at) return undefined;
      const standing = await standings.find(accountId);
      return { ...record, ...(standing && { standing }) };
    },
    async put(record) {
      stored.set(`${record.accountId}.${record.signedInAt}`, record);
    },
  };
}

/** `onChange` runs before each change, for a test of what must have happened by then. */
export function memoryStandings(onChange: () => void = () => undefined): StandingStore {
  const stored = new Map<string, CitizenStanding>();
  return {
    find: async (accountId) => stored.get(accountId),
    async change(accountId, { notBefore, isSuspended }) {
      onChange();
      const before = stored.get(accountId) ?? { isSuspended: false, notBefore };
      const later = Math.max(before.notBefore, notBefore);
      stored.set(accountId, { isSuspended: isSuspended ?? before.isSuspended, notBefore: later });
    },
  };
}

export function memoryNotBefore(onChange: () => void = () => undefined): NotBeforeStore {
  let mark: number | undefined;
  return {
    find: async () => mark,
    async raise(notBefore) {
      onChange();
      mark = Math.max(mark ?? notBefore, notBefore);
    },
  };
}

export function memoryConsents(...given: readonly Consent[]): ConsentStore {
  const stored = new Map(given.map((consent) => [`${consent.accountId}\n${consent.clientId}`, consent]));
  return {
    find: async (accountId, clientId) => stored.get(`${accountId}\n${clientId}`),
    async put(consent) {
      stored.set(`${consent.accountId}\n${consent.clientId}`, consent);
    },
  };
}

export function memoryPortals(...registered: readonly Portal[]): PortalStore {
  const stored = new Map(registered.map((portal) => [portal.clientId, portal]));
  return {
    find: async (clientId) => stored.get(clientId),
    async put(portal) {
      if (stored.has(portal.clientId)) return false;
      stored.set(portal.clientId, portal);
      return true;
    },
    list: async () => [...stored.values()],
    async change(clientId, { notBefore, status }) {
      const portal = stored.get(clientId);
      if (portal === undefined) return false;
      const later = Math.max(portal.notBefore ?? notBefore, notBefore);
      stored.set(clientId, { ...portal, ...(status && { status }), notBefore: later });
      return true;
    },
  };
}

export function memoryProtocol(): ProtocolStore & { readonly stored: Map<string, ProtocolRecord> } {
  const stored = new Map<string, ProtocolRecord>();
  const isLive = (record: ProtocolRecord | undefined, at: Date): record is ProtocolRecord =>
    record !== undefined && (record.expiresAt === undefined || record.expiresAt > at);
  const matches = (record: ProtocolRecord, key: ProtocolKey): boolean =>
    Object.entries(key).every(([name, value]) => (record as unknown as Record<string, unknown>)[name] === value); // a key names fields of the record
  return {
    stored,
    async put(record) {
      stored.set(`${record.model}\n${record.id}`, record);
    },
    async add(record) {
      const place = `${record.model}\n${record.id}`;
      if (stored.has(place)) return false;
      stored.set(place, record);
      return true;
    },
    async find(model, key, at) {
      return [...stored.values()].find(
        (record) => record.model === model && matches(record, key) && isLive(record, at),
      );
    },
    async consume(model, id, at) {
      const record = stored.get(`${model}\n${id}`);
      if (!isLive(record, at) || record.payload.consumed !== undefined) return false;
      const consumed = Math.floor(at.getTime() / 1000);
      stored.set(`${model}\n${id}`, { ...record, payload: { ...record.payload, consumed } });
      return true;
    },
    async remove(model, key) {
      for (const [place, record] of stored) {
        const isMeant = 'id' in key ? record.id === key.id : record.grantId === key.grantId;
        if (record.model === model && isMeant) stored.delete(place);
      }
    },
  };
}

/** `onChange` runs before each change, for a test of what must have happened by then. */
export function memoryTrust(onChange: () => void = () => undefined): TrustStore & { entries: readonly TrustEntry[] } {
  let [list, refreshes] = [0, 0];
  const heldUntil = new Map<string, Date | undefined>();
  return {
    entries: [],
    version: async () => ({ list, refreshes }),
    async read() {
      return { version: { list, refreshes }, entries: this.entries };
    },
    async put(entry) {
      if (this.entries.some((one) => isSameSubject(one, entry))) return false;
      onChange();
      this.entries = [...this.entries, entry];
      list++;
      return true;
    },
    async remove(subject) {
      const left = this.entries.filter((one) => !isSameSubject(one, subject));
      if (left.length === this.entries.length) return false;
      onChange();
      this.entries = left;
      list++;
      return true;
    },
    async refresh() {
      onChange();
      list++;
      refreshes++;
    },
    async claim(change, at, until) {
      const held = heldUntil.get(change);
      if (heldUntil.has(change) && (held === undefined || held > at)) return held === undefined ? 'recorded' : 'held';
      heldUntil.set(change, until);
      return 'won';
    },
    async settle(change, isRecorded) {
      if (heldUntil.get(change) !== undefined) heldUntil.set(change, isRecorded ? undefined : new Date(0));
    },
  };
}

/** @param first the ring that stands there, if one does */
export function memoryKeyRing(first?: SealedKeyRing): KeyRingStore {
  let stored = first;
  return {
    version: async () => stored?.version ?? 0,
    read: async () => stored,
    async replace(next) {
      if (next.version !== (stored?.version ?? 0) + 1) return false;
      stored = next;
      return true;
    },
  };
}

interface StoredNotice extends SessionParticipant {
  readonly attempts: number;
  /** Of a notice. */
  readonly ended?: { readonly at: Date; readonly dueAt: Date };
}

export function memoryLogoutNotices(): LogoutNoticeStore & { readonly stored: Map<string, StoredNotice> } {
  const stored = new Map<string, StoredNotice>();
  const isOf = (one: StoredNotice, sessions: EndedSessions): boolean =>
    'everybody' in sessions ||
    Object.entries(sessions).every(([name, value]) => one[name as keyof SessionParticipant] === value); // they name fields of it
  const due = (one: StoredNotice, dueAt: Date): void => {
    if (one.ended) stored.set(one.sid, { ...one, ended: { ...one.ended, dueAt } });
  };
  return {
    stored,
    async put(participant) {
      const known = stored.get(participant.sid);
      if (known?.ended === undefined) stored.set(participant.sid, { ...participant, attempts: 0 });
    },
    async prolong(sessionUid, expiresAt) {
      for (const one of stored.values()) {
        if (one.sessionUid === sessionUid && one.ended === undefined) stored.set(one.sid, { ...one, expiresAt });
      }
    },
    async end(sessions, at) {
      const running = [...stored.values()].filter(
        (one) => one.ended === undefined && one.expiresAt > at && isOf(one, sessions),
      );
      for (const one of running) stored.set(one.sid, { ...one, ended: { at, dueAt: at } });
      return running.length;
    },
    async take(at, until, busy) {
      const [first] = [...stored.values()]
        .flatMap((one) => (one.ended && one.ended.dueAt <= at && !busy.includes(one.clientId) ? [one] : []))
        .sort((a, b) => Number(a.ended?.dueAt) - Number(b.ended?.dueAt));
      if (first?.ended === undefined) return undefined;
      const { sid, sessionUid, clientId, accountId, ended } = first;
      const attempts = first.attempts + 1;
      stored.set(sid, { ...first, attempts, ended: { ...ended, dueAt: until } });
      return { sid, sessionUid, clientId, accountId, endedAt: ended.at, attempts };
    },
    async settle({ sid, attempts }: LogoutNotice, retryAt) {
      const held = stored.get(sid);
      if (held === undefined || held.attempts !== attempts) return;
      if (retryAt === undefined) stored.delete(sid);
      else due(held, retryAt);
    },
    async postpone(clientId, until) {
      for (const one of stored.values()) {
        if (one.clientId === clientId && one.ended && one.ended.dueAt < until) due(one, until);
      }
    },
    async backlog() {
      const byPortal = Map.groupBy(
        [...stored.values()].filter(({ ended }) => ended !== undefined),
        ({ clientId }) => clientId,
      );
      return [...byPortal].map(([clientId, notices]) => ({
        clientId,
        waiting: notices.length,
        since: new Date(Math.min(...notices.map(({ ended }) => Number(ended?.at)))),
      }));
    },
  };
}
