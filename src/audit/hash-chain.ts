/**
 * The hash chain of the audit log: each record's hash covers its content and the hash of the record before. A record
 * that was changed, removed, added between two others or put in another order breaks the chain. Records cut off at the
 * end do not: whoever must notice that compares the last hash with one that was noted elsewhere.
 */
import { createHash } from 'node:crypto';
import { ServiceError } from '../errors.ts';
import { canonicalJson } from './canonical-json.ts';
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

/** What the first record carries as the hash before it. */
const NO_HASH = '0'.repeat(64);

/** The record of `event` that follows `last`. Throws TypeError when the event cannot stand in JSON. */
export function linkRecord(last: AuditRecord | undefined, event: AuditEvent, at: Date): AuditRecord {
  const sequence = (last?.sequence ?? 0) + 1;
  const previousHash = last?.hash ?? NO_HASH;
  const content = { sequence, at, event, previousHash };
  return { ...content, hash: hashContent(content) };
}

/**
 * Checks that `records` continue the chain after `last`, and returns the last record of the longer chain.
 * Throws ServiceError AUDIT_BROKEN with `detail.sequence`, the place of the first record that does not hold.
 */
export function verifyChain(records: Iterable<AuditRecord>, last?: AuditRecord): AuditRecord | undefined {
  let previous = last;
  for (const record of records) {
    const sequence = (previous?.sequence ?? 0) + 1;
    const broken = findBreak(record, sequence, previous?.hash ?? NO_HASH);
    if (broken !== undefined) {
      throw new ServiceError('AUDIT_BROKEN', `record ${sequence} of the audit log: ${broken}`, {
        detail: { sequence },
      });
    }
    previous = record;
  }
  return previous;
}

function findBreak(record: AuditRecord, sequence: number, previousHash: string): string | undefined {
  if (record.sequence !== sequence) return 'it is missing, or out of order';
  if (record.previousHash !== previousHash) return 'it does not name the hash of the record before';
  try {
    return record.hash === hashContent(record) ? undefined : 'its content does not have its hash';
  } catch {
    return 'its content cannot be hashed'; // so it is not what was appended: linkRecord hashed that
  }
}

function hashContent({ sequence, at, event, previousHash }: Omit<AuditRecord, 'hash'>): string {
  const content = canonicalJson({ sequence, at: at.toISOString(), event, previousHash });
  return createHash('sha256').update(content, 'utf8').digest('hex');
}
