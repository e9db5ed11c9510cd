/**
 * The append-only record of what happened: each record carries the hash of the one before it, so a change or a gap
 * shows. `append` returns only when the record is durable; otherwise it throws, and nobody is signed in.
 */
import type { AuditEvent } from './event.ts';

export interface AuditRecord {
  /** 1, 2, 3, ... without a gap. */
  readonly sequence: number;
  readonly at: Date;
  readonly event: AuditEvent;
  /** Hash of the record before; 64 zeros for the first. */
  readonly previousHash: string;
  /** SHA-256, lower-case hex. */
  readonly hash: string;
}

/**
 * Port. `append` reads the last record and writes the one that `link` makes of it, as one serialised, durable step
 * across all processes; it resolves only after the record is on disk.
 */
export interface AuditStore {
  append(link: (last: AuditRecord | undefined) => AuditRecord): Promise<AuditRecord>;
  /** Records with a sequence above `after`, in order, `limit` at the most. */
  read(after: number, limit: number): Promise<readonly AuditRecord[]>;
}
