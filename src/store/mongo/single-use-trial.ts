/**
 * Tries, before the service relies on it, whether single use holds on a server (S26): some servers that speak the
 * protocol of MongoDB find a document first and update it afterwards, so that several redeem one code.
 */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../errors.ts';
import type { Store } from '../store.ts';

const ROUNDS = 5;
const PARALLEL = 20;
const MODEL = 'SingleUseTrial';
const SCRATCH_MS = 60_000;

/**
 * Redeems scratch records through the very ports that redeem codes, challenges and hand-offs, in parallel. It needs no
 * index but the one of `_id`.
 * @param server for the refusal: its product and version
 * Rejects with ServiceError STORE_SINGLE_USE_BROKEN when not exactly one caller won each; STORE_UNAVAILABLE.
 */
export async function trySingleUse(
  { protocol, challenges }: Pick<Store, 'protocol' | 'challenges'>,
  server: string,
): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    const id = `${MODEL}-${randomUUID()}`;
    const at = new Date();
    const expiresAt = new Date(at.getTime() + SCRATCH_MS);
    await protocol.put({ model: MODEL, id, payload: {}, expiresAt });
    await challenges.put({ id, interaction: MODEL, browserHash: MODEL, clientId: MODEL, expiresAt });
    const consumed = await inParallel(() => protocol.consume(MODEL, id, at));
    const taken = await inParallel(async () => (await challenges.take(id)) !== undefined);
    await protocol.remove(MODEL, { id });
    if (consumed !== 1 || taken !== 1) {
      throw new ServiceError(
        'STORE_SINGLE_USE_BROKEN',
        `the database server (${server}) cannot be relied on: of ${PARALLEL} who used one scratch record, ${consumed === 1 ? taken : consumed} won`,
        { detail: { parallel: PARALLEL, round, consumed, taken } },
      );
    }
  }
}

/** How many attempts won. */
async function inParallel(attempt: () => Promise<boolean>): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: PARALLEL }, attempt));
  return outcomes.filter(Boolean).length;
}
