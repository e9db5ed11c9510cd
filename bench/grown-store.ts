/**
 * Fills a SQLite store with subjects and audit records as if they had signed in before: each row is one of a sample that
 * the service wrote, under another subject, so that rows and indexes have the size that they really have.
 *
 * Straight into the files, before anything else has them open: without the write-ahead log, in one transaction, in the
 * order of the keys. The links of the audit records are of the right size and prove nothing; nobody verifies them here.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';

/** What the service keeps of one citizen, and on record of one sign-in. */
export interface StoredSample {
  readonly consent: { readonly client_id: string; readonly claims: string };
  readonly citizen: { readonly sealed: Uint8Array };
  readonly events: readonly string[];
}

type Row = Record<string, SQLInputValue>;

const DATA = 'thiqa.sqlite';
const AUDIT = 'audit.sqlite';
/** So that an interruption is heard in between. */
const ROWS_OF_A_TURN = 10_000;
/** Longer than any bench: the sweep finds nothing of it. */
const KEPT_MS = 7 * 86_400_000;
/** base64url in the order of its octets. */
const DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const LEADING_DIGITS = 4;

/** @param directory of a store in which at least one citizen has signed in; a service may have it open */
export function readSample(directory: string): StoredSample {
  const row = (file: string, sql: string): Row[] => {
    const database = new DatabaseSync(join(directory, file), { readOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  };
  const [consent] = row(DATA, 'SELECT client_id, claims FROM consent LIMIT 1');
  const [citizen] = row(DATA, 'SELECT sealed FROM citizen LIMIT 1');
  const events = row(
    AUDIT,
    `SELECT event FROM audit WHERE event ->> 'type' IN ('citizen.authenticated', 'assertion.issued') ORDER BY sequence LIMIT 100`,
  );
  if (consent === undefined || citizen === undefined || events.length === 0) {
    throw new TypeError('nobody has signed in at this store');
  }
  return {
    // STRICT tables vouch for the types.
    consent: consent as unknown as StoredSample['consent'],
    citizen: citizen as unknown as StoredSample['citizen'],
    events: events.map(({ event }) => String(event)),
  };
}

/** @param directory of a store that nobody has open; made when absent */
export async function fillStore(directory: string, count: number, { consent, citizen, events }: StoredSample) {
  const store = await openSqliteStore({ directory });
  await store.close();
  const now = Date.now();
  await fill(join(directory, DATA), count, (insertInto) => {
    const consents = insertInto('consent', ['account_id', 'client_id', 'claims', 'given_at']);
    const citizens = insertInto('citizen', ['account_id', 'signed_in_at', 'sealed', 'expires_at']);
    return (index) => {
      const accountId = accountIdAt(index / count);
      consents(accountId, consent.client_id, consent.claims, now);
      citizens(accountId, Math.floor(now / 1000), citizen.sealed, now + KEPT_MS + index);
    };
  });
  await fill(join(directory, AUDIT), count, (insertInto) => {
    const records = insertInto('audit', ['sequence', 'at', 'event', 'previous_hash', 'hash']);
    let previous = randomHash();
    return (index) => {
      const hash = randomHash();
      records(index + 1, now, events[index % events.length] ?? '', previous, hash);
      previous = hash;
    };
  });
}

type Insert = (...values: SQLInputValue[]) => void;
type InsertInto = (table: string, columns: readonly string[]) => Insert;

async function fill(file: string, count: number, rowsOf: (insertInto: InsertInto) => (index: number) => void) {
  const database = new DatabaseSync(file);
  try {
    // A rollback journal holds what a page was before, and these pages are new; the service goes back to its own when it
    // opens the file.
    database.exec(
      'PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN EXCLUSIVE',
    );
    const addRow = rowsOf((table, columns) => {
      const places = columns.map(() => '?').join(', ');
      const statement = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`);
      return (...values) => statement.run(...values);
    });
    for (let index = 0; index < count; index++) {
      addRow(index);
      if (index % ROWS_OF_A_TURN === 0) await new Promise(setImmediate);
    }
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

/** An account as `accountIdOf` names it, at this part of all that there could be: cards then fall anywhere between. */
function accountIdAt(part: number): string {
  let rest = Math.floor(part * DIGITS.length ** LEADING_DIGITS);
  let leading = '';
  for (let place = 0; place < LEADING_DIGITS; place++) {
    leading = `${DIGITS[rest % DIGITS.length]}${leading}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return `${leading}${randomBytes(30).toString('base64url').slice(1)}`;
}

function randomHash(): string {
  return randomBytes(32).toString('hex');
}
