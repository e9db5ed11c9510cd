/**
 * PortalStore on SQLite.
 */
import type { Portal, PortalStore } from '../../relying-party/portal.ts';
import { fromJson, toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  registered_at: number;
  registration: string;
}

export function sqlitePortalStore(database: Database): PortalStore {
  const find = database.prepare<Row>('SELECT registered_at, registration FROM portal WHERE client_id = :clientId');
  const put = database.prepare(
    `INSERT INTO portal (client_id, registered_at, registration) VALUES (:clientId, :registeredAt, :registration)
     ON CONFLICT (client_id) DO NOTHING`,
  );
  const list = database.prepare<Row>('SELECT registered_at, registration FROM portal ORDER BY client_id');

  return {
    async find(clientId) {
      const row = find.first({ clientId });
      return row && toPortal(row);
    },
    async put({ registeredAt, ...registration }) {
      const { clientId } = registration;
      const values = {
        clientId,
        registeredAt: toMilliseconds(registeredAt),
        registration: JSON.stringify(registration),
      };
      return (await database.write(() => put.run(values))) === 1;
    },
    async list() {
      return list.all({}).map(toPortal);
    },
  };
}

function toPortal(row: Row): Portal {
  const registration = fromJson(row.registration, 'STORE_UNAVAILABLE') as Omit<Portal, 'registeredAt'>; // as `put` wrote it
  return { ...registration, registeredAt: new Date(row.registered_at) };
}
