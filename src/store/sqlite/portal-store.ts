/**
 * PortalStore on SQLite.
 */
import type { Portal, PortalStore } from '../../relying-party/portal.ts';
import { storedJson } from '../stored-json.ts';
import { toMilliseconds } from './columns.ts';
import type { Database } from './open-database.ts';

interface Row {
  registered_at: number;
  registration: string;
}

/** A country has fewer portals. */
const MOST_PARSED = 1_000;

export function sqlitePortalStore(database: Database): PortalStore {
  const find = database.prepare<Row>('SELECT registered_at, registration FROM portal WHERE client_id = :clientId');
  const put = database.prepare(
    `INSERT INTO portal (client_id, registered_at, registration) VALUES (:clientId, :registeredAt, :registration)
     ON CONFLICT (client_id) DO NOTHING`,
  );
  const list = database.prepare<Row>('SELECT registered_at, registration FROM portal ORDER BY client_id');

  /** What was read last: its text is compared each time, so that only the parsing is saved. */
  const parsed = new Map<string, { readonly row: Row; readonly portal: Portal }>();

  return {
    async find(clientId) {
      const row = find.first({ clientId });
      if (row === undefined) return undefined;
      const known = parsed.get(clientId);
      if (known?.row.registration === row.registration && known.row.registered_at === row.registered_at)
        return known.portal;
      const portal = toPortal(row);
      if (parsed.size >= MOST_PARSED) parsed.clear();
      parsed.set(clientId, { row, portal });
      return portal;
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
  const registration = storedJson(row.registration, 'STORE_UNAVAILABLE') as Omit<Portal, 'registeredAt'>; // as `put` wrote it
  return { ...registration, registeredAt: new Date(row.registered_at) };
}
