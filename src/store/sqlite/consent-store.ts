/**
 * ConsentStore on SQLite.
 */
import type { ConsentStore } from '../../citizen/consent.ts';
import { storedJson } from '../stored-json.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  claims: string;
  given_at: number;
}

export function sqliteConsentStore(database: Database): ConsentStore {
  const find = database.prepare<Row>(
    'SELECT claims, given_at FROM consent WHERE account_id = :accountId AND client_id = :clientId',
  );
  const put = database.prepare(
    `INSERT INTO consent (account_id, client_id, claims, given_at) VALUES (:accountId, :clientId, :claims, :givenAt)
     ON CONFLICT (account_id, client_id) DO UPDATE SET claims = excluded.claims, given_at = excluded.given_at`,
  );

  return {
    async find(accountId, clientId) {
      const row = find.first({ accountId, clientId });
      if (row === undefined) return undefined;
      const claims = storedJson(row.claims, 'STORE_UNAVAILABLE') as string[]; // as `put` wrote it
      return { accountId, clientId, claims, givenAt: new Date(row.given_at) };
    },
    async put({ accountId, clientId, claims, givenAt }) {
      const values = { accountId, clientId, claims: JSON.stringify(claims), givenAt: toMilliseconds(givenAt) };
      await database.write(() => put.run(values));
    },
  };
}
