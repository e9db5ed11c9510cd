/**
 * ProtocolStore on MongoDB. Single use is one conditional update of one document (S26), sent with other writes.
 *
 * The payload is JSON text: its member names are free, and those of a document are not.
 */
import type { mongo } from 'mongoose';
import type { ProtocolRecord, ProtocolStore } from '../../oidc/protocol-store.ts';
import { storedJson } from '../stored-json.ts';
import { type Attempt, validTime } from './open-database.ts';
import { removedNow, writeAnyway } from './shared-writes.ts';
import type { ShortLivedRecords } from './short-lived-records.ts';
import type { Turns } from './turns.ts';

export interface StoredProtocolRecord {
  /** `model:id`. */
  _id: string;
  model: string;
  payload: string;
  /** Epoch seconds, the unit of oidc-provider's payload; absent until the record is used. */
  consumed?: number;
  expiresAt?: Date;
  grantId?: string;
  uid?: string;
  userCode?: string;
  /** Grows with every put of a process: of two records with one uid, the one put last counts. */
  order: number;
}

export function mongoProtocolStore(
  { collection, read, write }: ShortLivedRecords<StoredProtocolRecord>,
  turns: Turns,
  attempt: Attempt,
): ProtocolStore {
  const nextOrder = orderOfPuts();
  const readByUid = turns.sharing<string, StoredProtocolRecord[]>(async (calls) => {
    const uids = new Set(calls.map(({ request }) => request));
    const found = await attempt(() => collection.find({ uid: { $in: [...uids] } }, { sort: { order: -1 } }).toArray());
    for (const { request, resolve } of calls) resolve(found.filter(({ uid }) => uid === request));
  });

  return {
    async put({ model, id, payload, expiresAt, grantId, uid, userCode }) {
      const optional = { expiresAt: expiresAt && validTime(expiresAt), grantId, uid, userCode };
      const present = Object.entries(optional).filter(([, value]) => value !== undefined);
      const absent = Object.entries(optional).filter(([, value]) => value === undefined);
      const { consumed } = payload;
      const update: mongo.UpdateFilter<StoredProtocolRecord> = {
        $set: { model, payload: JSON.stringify(payload), order: nextOrder(), ...Object.fromEntries(present) },
        ...(absent.length > 0 && { $unset: Object.fromEntries(absent.map(([name]) => [name, 1])) }),
        // A used record stays used when it is replaced: a request that read it earlier must not revive it.
        ...(typeof consumed === 'number' && { $min: { consumed } }),
      };
      await writeAnyway(write, { id: protocolKey(model, id), update });
    },
    async add({ model, id, payload, expiresAt, ...optional }) {
      const record = {
        model,
        payload: JSON.stringify(payload),
        order: nextOrder(),
        ...(expiresAt && { expiresAt: validTime(expiresAt) }),
        ...optional,
      };
      return (await write({ id: protocolKey(model, id), update: { $setOnInsert: record } })) === 'inserted';
    },
    async find(model, key, at) {
      const time = validTime(at);
      // What is left of a record that was removed has no model.
      const isLive = (candidate: StoredProtocolRecord): boolean =>
        candidate.model === model && (candidate.expiresAt === undefined || candidate.expiresAt > time);
      if ('id' in key) {
        const stored = await read(protocolKey(model, key.id));
        return stored && isLive(stored) ? toRecord(stored) : undefined;
      }
      const found =
        'uid' in key
          ? await readByUid(key.uid)
          : await attempt(() =>
              collection.find({ userCode: { $eq: key.userCode } }, { sort: { order: -1 } }).toArray(),
            );
      const stored = found.find(isLive);
      return stored && toRecord(stored);
    },
    async consume(model, id, at) {
      const key = protocolKey(model, id);
      // Where there is no expiry the condition holds for ever.
      const unexpired = { $not: { $lte: validTime(at) } };
      const condition = { model: { $exists: true }, consumed: { $exists: false }, expiresAt: unexpired };
      const used = { $set: { consumed: Math.floor(at.getTime() / 1000) }, $setOnInsert: removedNow() };
      const outcome = await write({ id: key, condition, update: used });
      // There was none: what an upsert has left in its place says that it was used, which it was not.
      if (outcome === 'inserted') await write({ id: key, condition: { model: { $exists: false } }, update: 'removal' });
      return outcome === 'updated';
    },
    async remove(model, key) {
      if ('id' in key) await writeAnyway(write, { id: protocolKey(model, key.id), update: 'removal' });
      else await attempt(() => collection.deleteMany({ grantId: { $eq: key.grantId }, model }));
    },
  };
}

/** A model's name has no colon, so no two pairs have one key. */
export function protocolKey(model: string, id: string): string {
  return `${model}:${id}`;
}

/** Milliseconds since 1970, and fractions of one, so that no two puts of a process have the same. */
function orderOfPuts(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1 / 1024, Date.now());
    return last;
  };
}

function toRecord(stored: StoredProtocolRecord): ProtocolRecord {
  const { _id, model, consumed, expiresAt, grantId, uid, userCode } = stored;
  const payload = storedJson(stored.payload, 'STORE_UNAVAILABLE') as Record<string, unknown>; // `put` wrote an object
  return {
    model,
    id: _id.slice(model.length + 1),
    payload: consumed === undefined ? payload : { ...payload, consumed },
    ...(expiresAt && { expiresAt }),
    ...(grantId !== undefined && { grantId }),
    ...(uid !== undefined && { uid }),
    ...(userCode !== undefined && { userCode }),
  };
}
