/**
 * The append-only record of what happened: each record carries the hash of the one before it, so a change or a gap
 * shows. `append` returns only when the record is durable; otherwise it throws, and nobody is signed in.
 */
import type { Clock } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import type { AuditEvent } from './event.ts';
import { type AuditRecord, linkRecord, verifyChain } from './hash-chain.ts';

/**
 * Port. `append` reads the last record and writes the one that `link` makes of it, as one serialised, durable step
 * across all processes; it resolves only after the record is on disk.
 */
export interface AuditStore {
  append(link: (last: AuditRecord | undefined) => AuditRecord): Promise<AuditRecord>;
  /** Records with a sequence above `after`, in order, `limit` at the most. */
  read(after: number, limit: number): Promise<readonly AuditRecord[]>;
}

export interface AppendOutcome {
  readonly at: Date;
  readonly isDurable: boolean;
}

const PAGE = 500;

export class AuditLog {
  readonly #store: AuditStore;
  readonly #clock: Clock;
  #lastAppend: AppendOutcome | undefined;

  constructor(store: AuditStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves when the record is durable. Rejects with ServiceError AUDIT_UNAVAILABLE, whatever went wrong. */
  async append(event: AuditEvent): Promise<AuditRecord> {
    try {
      const record = await this.#store.append((last) => linkRecord(last, event, this.#clock()));
      this.#lastAppend = { at: record.at, isDurable: true };
      return record;
    } catch (error) {
      this.#lastAppend = { at: this.#clock(), isDurable: false };
      throw unavailable(error);
    }
  }

  /** Of this process, for health; undefined before the first. */
  get lastAppend(): AppendOutcome | undefined {
    return this.#lastAppend;
  }

  /**
   * Checks the whole chain, a page at a time, and returns its last record; undefined for an empty log.
   * Rejects with ServiceError AUDIT_BROKEN, which names the sequence, or AUDIT_UNAVAILABLE.
   */
  async verify(): Promise<AuditRecord | undefined> {
    let last: AuditRecord | undefined;
    for (;;) {
      const records = await this.#read(last?.sequence ?? 0);
      if (records.length === 0) return last;
      last = verifyChain(records, last);
    }
  }

  async #read(after: number): Promise<readonly AuditRecord[]> {
    try {
      return await this.#store.read(after, PAGE);
    } catch (error) {
      // The store met a record that is none: that is an answer about the chain.
      throw error instanceof ServiceError && error.code === 'AUDIT_BROKEN' ? error : unavailable(error);
    }
  }
}

function unavailable(error: unknown): ServiceError {
  if (error instanceof ServiceError && error.code === 'AUDIT_UNAVAILABLE') return error;
  return new ServiceError('AUDIT_UNAVAILABLE', 'the audit log could not be written or read', { cause: error });
}
