/**
 * RateLimitStore on SQLite: one statement, so that no addition of another process comes between reading and writing.
 */

import { ServiceError } from '../../errors.ts';
import type { RateLimitStore } from '../../limits/rate-limit-store.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

export function sqliteRateLimitStore(database: Database): RateLimitStore {
  const add = database.prepare<{ points: number; expires_at: number }>(
    `INSERT INTO rate_limit (key, points, expires_at) VALUES (:key, :points, :expiresAt)
     ON CONFLICT (key) DO UPDATE SET
       points = CASE WHEN expires_at > :at THEN points + excluded.points ELSE excluded.points END,
       expires_at = CASE WHEN expires_at > :at THEN min(expires_at, excluded.expires_at) ELSE excluded.expires_at END
     RETURNING points, expires_at`,
  );
  return {
    async add(key, points, at, expiresAt) {
      const values = { key, points, at: toMilliseconds(at), expiresAt: toMilliseconds(expiresAt) };
      const row = await database.write(() => add.first(values));
      if (row === undefined) throw new ServiceError('STORE_UNAVAILABLE', 'a counter was not returned');
      return { points: row.points, expiresAt: new Date(row.expires_at) };
    },
  };
}
