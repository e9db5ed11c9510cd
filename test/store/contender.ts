/**
 * A process of its own that contends for the records of a shared store:
 * `contender.ts STORE PLACE COUNT` says 'ready', waits for a message, redeems every record, appends to the audit log,
 * and answers with what it won.
 */
import { once } from 'node:events';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { STORE_FACTORIES } from './factories.ts';
import { auditEvent, NOW } from './records.ts';

export interface Won {
  readonly codes: string[];
  readonly challenges: string[];
  readonly handOffs: string[];
}

const [name, place = '', count] = process.argv.slice(2);
const factory = STORE_FACTORIES.find((candidate) => candidate.name === name);
if (factory === undefined) throw new TypeError('the first argument names no store');

const store = await factory.open(place);
const audit = new AuditLog(store.audit, () => NOW);
const go = once(process, 'message');
process.send?.('ready');
await go;

const won: Won = { codes: [], challenges: [], handOffs: [] };
for (let number = 0; number < Number(count); number++) {
  const id = `record-${number}`;
  if (await store.protocol.consume('AuthorizationCode', id, NOW)) won.codes.push(id);
  if (await store.challenges.take(id)) won.challenges.push(id);
  if (await store.handOffs.take(id)) won.handOffs.push(id);
  await audit.append(auditEvent(id));
}
await store.close();
process.send?.(won);
process.disconnect();
