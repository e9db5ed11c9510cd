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
  not_before: number | null;
  status: string | null;
}

/** A country has fewer portals. */
const MOST_PARSED = 1_000;

export function sqlitePortalStore(database: Database): PortalStore {
  const columns = 'registered_at, registration, not_before, status';
  const find = database.prepare<Row>(`SELECT ${columns} FROM portal WHERE client_id = :clientId`);
  const put = database.prepare(
    `INSERT INTO portal (client_id, registered_at, registration) VALUES (:clientId, :registeredAt, :registration)
     ON CONFLICT (client_id) DO NOTHING`,
  );
  const list = database.prepare<Row>(`SELECT ${columns} FROM portal ORDER BY client_id`);
  const change = database.prepare(
    `UPDATE portal SET not_before = max(coalesce(not_before, :notBefore), :notBefore), status = coalesce(:status, status)
     WHERE client_id = :clientId`,
  );

  /** What was read last: its row is compared each time, so that only the parsing is saved. */
  const parsed = new Map<string, { readonly row: Row; readonly portal: Portal }>();

  return {
    async find(clientId) {
      const row = find.first({ clientId });
      if (row === undefined) return undefined;
      const known = parsed.get(clientId);
      if (known !== undefined && isSameRow(known.row, row)) return known.portal;
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
    async change(clientId, { notBefore, status = null }) {
      return database.durably(() => change.run({ clientId, notBefore, status })) === 1;
    },
    async list() {
      return list.all({}).map(toPortal);
    },
  };
}

function toPortal(row: Row): Portal {
  const registration = storedJson(row.registration, 'STORE_UNAVAILABLE') as Omit<Portal, 'registeredAt'>; // as `put` wrote it
  return {
    ...registration,
    ...(row.status !== null && { status: row.status as Portal['status'] }), // as `change` wrote it
    ...(row.not_before !== null && { notBefore: row.not_before }),
    registeredAt: new Date(row.registered_at),
  };
}

function isSameRow(one: Row, other: Row): boolean {
  return (
    one.registration === other.registration &&
    one.registered_at === other.registered_at &&
    one.not_before === other.not_before &&
    one.status === other.status
  );
}
