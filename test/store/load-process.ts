/**
 * A process of its own that works on a shared store until it is killed: `load-process.ts STORE PLACE NAME`. Each line of
 * its output is an acknowledgement, written when the store has given it and not before.
 */
import { writeSync } from 'node:fs';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { ServiceError } from '../../src/errors.ts';
import { STORE_FACTORIES } from './factories.ts';
import { auditEvent, code, NOW } from './records.ts';

export type Acknowledgement =
  | { readonly kind: 'audited'; readonly sequence: number; readonly hash: string }
  /** Won by `winners` of those who asked at once. */
  | { readonly kind: 'redeemed'; readonly id: string; readonly winners: number }
  | { readonly kind: 'failed'; readonly code: string };

const WORKERS = 8;
const PARALLEL = 3;
const STDOUT = 1;

const [storeName, place = '', name] = process.argv.slice(2);
const factory = STORE_FACTORIES.find((candidate) => candidate.name === storeName);
if (factory === undefined) throw new TypeError('the first argument names no store');
const store = await factory.open(place);
const audit = new AuditLog(store.audit, () => NOW);

/** Written at once: what is acknowledged is known outside before anything else happens. */
function tell(acknowledgement: Acknowledgement): void {
  writeSync(STDOUT, `${JSON.stringify(acknowledgement)}\n`);
}

async function redeem(id: string): Promise<void> {
  await store.protocol.put(code(id));
  const attempts = Array.from({ length: PARALLEL }, () => store.protocol.consume('AuthorizationCode', id, NOW));
  const outcomes = await Promise.allSettled(attempts);
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
  if (winners > 0) tell({ kind: 'redeemed', id, winners });
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function work(worker: number): Promise<void> {
  for (let turn = 0; ; turn++) {
    const id = `${name}-${worker}-${turn}`;
    try {
      await redeem(id);
      const { sequence, hash } = await audit.append(auditEvent(id));
      tell({ kind: 'audited', sequence, hash });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      tell({ kind: 'failed', code: error.code });
    }
  }
}

await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
