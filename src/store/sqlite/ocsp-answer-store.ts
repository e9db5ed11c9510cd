/**
 * OcspAnswerStore on SQLite.
 */
import type { OcspAnswerStore } from '../../network/ocsp-answers.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  response: Uint8Array;
  nonce: Uint8Array | null;
  received_at: number;
  expires_at: number;
}

export function sqliteOcspAnswerStore(database: Database): OcspAnswerStore {
  const find = database.prepare<Row>(
    `SELECT response, nonce, received_at, expires_at FROM ocsp_answer
     WHERE certificate = :key AND expires_at > :at`,
  );
  const put = database.prepare(
    `INSERT INTO ocsp_answer (certificate, response, nonce, received_at, expires_at)
     VALUES (:key, :response, :nonce, :receivedAt, :expiresAt)
     ON CONFLICT (certificate) DO UPDATE SET response = excluded.response, nonce = excluded.nonce,
       received_at = excluded.received_at, expires_at = excluded.expires_at
     WHERE excluded.received_at >= received_at`,
  );

  return {
    async find(key, at) {
      const row = find.first({ key, at: toMilliseconds(at) });
      if (row === undefined) return undefined;
      const { response, nonce, received_at, expires_at } = row;
      const times = { receivedAt: new Date(received_at), expiresAt: new Date(expires_at) };
      return { key, response, ...(nonce !== null && { nonce }), ...times };
    },
    async put({ key, response, nonce = null, receivedAt, expiresAt }) {
      const times = { receivedAt: toMilliseconds(receivedAt), expiresAt: toMilliseconds(expiresAt) };
      await database.write(() => put.run({ key, response, nonce, ...times }));
    },
  };
}
