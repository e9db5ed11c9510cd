/**
 * ProtocolStore on SQLite. Single use is one conditional UPDATE (S26).
 */
import type { ProtocolKey, ProtocolRecord, ProtocolStore } from '../../oidc/protocol-store.ts';
import { storedJson } from '../stored-json.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  id: string;
  payload: string;
  consumed: number | null;
  expires_at: number | null;
  grant_id: string | null;
  uid: string | null;
  user_code: string | null;
}

export function sqliteProtocolStore(database: Database): ProtocolStore {
  // A consumed record stays consumed when it is replaced: a request that read it earlier must not revive it.
  const insert = `INSERT INTO protocol (model, id, payload, consumed, expires_at, grant_id, uid, user_code)
     VALUES (:model, :id, :payload, :consumed, :expiresAt, :grantId, :uid, :userCode)`;
  const put = database.prepare(
    `${insert}
     ON CONFLICT (model, id) DO UPDATE SET
       payload = excluded.payload, consumed = coalesce(consumed, excluded.consumed), expires_at = excluded.expires_at,
       grant_id = excluded.grant_id, uid = excluded.uid, user_code = excluded.user_code`,
  );
  const add = database.prepare(`${insert} ON CONFLICT (model, id) DO NOTHING`);
  // While a session changes its id, two records have its uid: the one written last counts.
  const findBy = (column: 'id' | 'uid' | 'user_code') =>
    database.prepare<Row>(
      `SELECT id, payload, consumed, expires_at, grant_id, uid, user_code FROM protocol
       WHERE model = :model AND ${column} = :value AND (expires_at IS NULL OR expires_at > :at)
       ORDER BY rowid DESC LIMIT 1`,
    );
  const findById = findBy('id');
  const findByUid = findBy('uid');
  const findByUserCode = findBy('user_code');
  const consume = database.prepare(
    `UPDATE protocol SET consumed = :seconds
     WHERE model = :model AND id = :id AND consumed IS NULL AND (expires_at IS NULL OR expires_at > :at)`,
  );
  const removeById = database.prepare('DELETE FROM protocol WHERE model = :model AND id = :value');
  const removeByGrant = database.prepare('DELETE FROM protocol WHERE model = :model AND grant_id = :value');

  function find(model: string, key: ProtocolKey, at: number): Row | undefined {
    if ('id' in key) return findById.first({ model, value: key.id, at });
    if ('uid' in key) return findByUid.first({ model, value: key.uid, at });
    return findByUserCode.first({ model, value: key.userCode, at });
  }

  return {
    async put(record) {
      const values = toValues(record);
      await database.write(() => put.run(values));
    },
    async add(record) {
      const values = toValues(record);
      return (await database.write(() => add.run(values))) === 1;
    },
    async find(model, key, at) {
      const row = find(model, key, toMilliseconds(at));
      return row && toRecord(model, row);
    },
    async consume(model, id, at) {
      const milliseconds = toMilliseconds(at);
      const values = { model, id, at: milliseconds, seconds: Math.floor(milliseconds / 1000) };
      return (await database.write(() => consume.run(values))) === 1;
    },
    async remove(model, key) {
      await database.write(() =>
        'id' in key ? removeById.run({ model, value: key.id }) : removeByGrant.run({ model, value: key.grantId }),
      );
    },
  };
}

function toValues({ model, id, payload, expiresAt, grantId, uid, userCode }: ProtocolRecord) {
  return {
    model,
    id,
    payload: JSON.stringify(payload),
    consumed: typeof payload.consumed === 'number' ? payload.consumed : null,
    expiresAt: expiresAt === undefined ? null : toMilliseconds(expiresAt),
    grantId: grantId ?? null,
    uid: uid ?? null,
    userCode: userCode ?? null,
  };
}

function toRecord(model: string, row: Row): ProtocolRecord {
  const payload = storedJson(row.payload, 'STORE_UNAVAILABLE') as Record<string, unknown>; // `put` wrote an object
  return {
    model,
    id: row.id,
    payload: row.consumed === null ? payload : { ...payload, consumed: row.consumed },
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at) }),
    ...(row.grant_id !== null && { grantId: row.grant_id }),
    ...(row.uid !== null && { uid: row.uid }),
    ...(row.user_code !== null && { userCode: row.user_code }),
  };
}
