/**
 * ProtocolStore on MongoDB. Single use is one conditional update of one document (S26).
 *
 * The payload is JSON text: its member names are free, and those of a document are not.
 */
import { type Connection, type mongo, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import type { ProtocolKey, ProtocolRecord, ProtocolStore } from '../../oidc/protocol-store.ts';
import { storedJson } from '../stored-json.ts';
import { type Attempt, driverCollection, validTime } from './open-database.ts';
import { sharedReads, sharedUpserts } from './shared-commands.ts';

interface Stored {
  /** `model:id`: one look-up by what shards the collection. */
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

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    model: { type: String, required: true },
    payload: { type: String, required: true },
    consumed: Number,
    expiresAt: Date,
    grantId: String,
    uid: String,
    userCode: String,
    order: { type: Number, required: true },
  },
  { collection: 'protocol', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);
schema.index({ grantId: 1 }, { sparse: true });
schema.index({ uid: 1 }, { sparse: true });
schema.index({ userCode: 1 }, { sparse: true });

export function protocolModel(connection: Connection) {
  return connection.model('Protocol', schema);
}

export function mongoProtocolStore(model: ReturnType<typeof protocolModel>, attempt: Attempt): ProtocolStore {
  const records = driverCollection<Stored>(model);
  const nextOrder = orderOfPuts();
  /** Without an expiry the condition holds for ever. */
  const unexpired = (at: Date) => ({ $not: { $lte: validTime(at) } });
  const read = sharedReads(records, attempt);
  const write = sharedUpserts(records, attempt);

  return {
    async put({ model, id, payload, expiresAt, grantId, uid, userCode }) {
      const optional = { expiresAt: expiresAt && validTime(expiresAt), grantId, uid, userCode };
      const present = Object.entries(optional).filter(([, value]) => value !== undefined);
      const absent = Object.entries(optional).filter(([, value]) => value === undefined);
      const { consumed } = payload;
      const update: mongo.UpdateFilter<Stored> = {
        $set: { model, payload: JSON.stringify(payload), order: nextOrder(), ...Object.fromEntries(present) },
        ...(absent.length > 0 && { $unset: Object.fromEntries(absent.map(([name]) => [name, 1])) }),
        // A used record stays used when it is replaced: a request that read it earlier must not revive it.
        ...(typeof consumed === 'number' && { $min: { consumed } }),
      };
      const upsert = { id: keyOf(model, id), update };
      // Somebody else inserted it in the meantime: now it is found.
      if ((await write(upsert)) === 'duplicate' && (await write(upsert)) === 'duplicate') {
        throw new ServiceError('STORE_UNAVAILABLE', 'a record neither stood nor could be inserted');
      }
    },
    async add({ model, id, payload, expiresAt, ...optional }) {
      const record = {
        model,
        payload: JSON.stringify(payload),
        order: nextOrder(),
        ...(expiresAt && { expiresAt: validTime(expiresAt) }),
        ...optional,
      };
      return (await write({ id: keyOf(model, id), update: { $setOnInsert: record } })) === 'inserted';
    },
    async find(model, key, at) {
      const time = validTime(at);
      if ('id' in key) {
        const stored = await read(keyOf(model, key.id));
        const isLive = stored !== undefined && (stored.expiresAt === undefined || stored.expiresAt > time);
        return isLive ? toRecord(stored) : undefined;
      }
      const condition = { ...secondary(key), model, expiresAt: unexpired(time) };
      const stored = await attempt(() => records.findOne(condition, { sort: { order: -1 } }));
      return stored ? toRecord(stored) : undefined;
    },
    async consume(model, id, at) {
      const condition = { _id: { $eq: keyOf(model, id) }, consumed: { $exists: false }, expiresAt: unexpired(at) };
      const used = { $set: { consumed: Math.floor(at.getTime() / 1000) } };
      const { modifiedCount } = await attempt(() => records.updateOne(condition, used));
      return modifiedCount === 1;
    },
    async remove(model, key) {
      await attempt<unknown>(() =>
        'id' in key
          ? records.deleteOne({ _id: { $eq: keyOf(model, key.id) } })
          : records.deleteMany({ grantId: { $eq: key.grantId }, model }),
      );
    },
  };
}

/** A model's name has no colon, so no two pairs have one key. */
function keyOf(model: string, id: string): string {
  return `${model}:${id}`;
}

function secondary(key: Exclude<ProtocolKey, { readonly id: string }>) {
  return 'uid' in key ? { uid: { $eq: key.uid } } : { userCode: { $eq: key.userCode } };
}

/** Milliseconds since 1970, and fractions of one, so that no two puts of a process have the same. */
function orderOfPuts(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1 / 1024, Date.now());
    return last;
  };
}

function toRecord(stored: Stored): ProtocolRecord {
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
