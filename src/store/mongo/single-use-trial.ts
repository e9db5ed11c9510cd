/**
 * Tries, before the service relies on it, whether single use holds on a server (S26): some servers that speak the
 * protocol of MongoDB find a document first and update it afterwards, so that several redeem one code.
 */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../errors.ts';
import type { Store } from '../store.ts';

const ROUNDS = 5;
const PARALLEL = 20;
/** Of each round; who tries them all at once sends commands that carry several, as those of sign-ins do. */
const RECORDS = 2;
export const TRIAL_MODEL = 'SingleUseTrial';
const SCRATCH_MS = 60_000;

type Ports = Pick<Store, 'protocol' | 'challenges'>;

/**
 * Redeems scratch records through the very ports that redeem codes, challenges and hand-offs, in parallel. It needs no
 * index but the one of `_id`.
 * @param openPorts ports that share commands with no others: within one command nobody races
 * @param server for the refusal: its product and version
 * @returns the ids of the scratch records, of which what is left may be deleted
 * Rejects with ServiceError STORE_SINGLE_USE_BROKEN when not exactly one caller won each; STORE_UNAVAILABLE.
 */
export async function trySingleUse(openPorts: () => Ports, server: string): Promise<readonly string[]> {
  const contenders = Array.from({ length: PARALLEL }, openPorts);
  const { protocol, challenges } = openPorts();
  const used: string[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const ids = Array.from({ length: RECORDS }, () => `${TRIAL_MODEL}-${randomUUID()}`);
    used.push(...ids);
    const at = new Date();
    const expiresAt = new Date(at.getTime() + SCRATCH_MS);
    for (const id of ids) {
      await protocol.put({ model: TRIAL_MODEL, id, payload: {}, expiresAt });
      await challenges.put({
        id,
        interaction: TRIAL_MODEL,
        browserHash: TRIAL_MODEL,
        clientId: TRIAL_MODEL,
        expiresAt,
      });
    }
    const consumed = await winners(contenders, ids, (ports, id) => ports.protocol.consume(TRIAL_MODEL, id, at));
    const taken = await winners(contenders, ids, async (ports, id) => (await ports.challenges.take(id)) !== undefined);
    for (const id of ids) await protocol.remove(TRIAL_MODEL, { id });
    const wrong = [...consumed, ...taken].find((won) => won !== 1);
    if (wrong !== undefined) {
      throw new ServiceError(
        'STORE_SINGLE_USE_BROKEN',
        `the database server (${server}) cannot be relied on: of ${PARALLEL} who used one scratch record, ${wrong} won`,
        { detail: { parallel: PARALLEL, round, consumed, taken } },
      );
    }
  }
  return used;
}

/** How many won, of each record. */
async function winners(
  contenders: readonly Ports[],
  ids: readonly string[],
  attempt: (ports: Ports, id: string) => Promise<boolean>,
): Promise<readonly number[]> {
  const outcomes = await Promise.all(contenders.map((ports) => Promise.all(ids.map((id) => attempt(ports, id)))));
  return ids.map((_, place) => outcomes.filter((won) => won[place]).length);
}
