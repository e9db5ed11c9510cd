/**
 * KeyRingStore on MongoDB: one document, which is there from the beginning with version 0.
 */
import { type Connection, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import type { KeyRingStore } from '../../oidc/keys/key-ring.ts';
import { type Attempt, octetsOf, upserting } from './open-database.ts';

interface Stored {
  _id: string;
  version: number;
  sealed: Buffer;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    version: { type: Number, required: true },
    sealed: { type: Buffer, required: true },
  },
  { collection: 'keyRing', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function keyRingModel(connection: Connection) {
  return connection.model('KeyRing', schema);
}

const RING = { _id: 'ring' };

/** The place of the ring, where there is none yet. */
export async function prepareKeyRing(rings: ReturnType<typeof keyRingModel>): Promise<void> {
  const empty = { $setOnInsert: { version: 0, sealed: Buffer.alloc(0) } };
  await upserting(() => rings.updateOne(RING, empty, { upsert: true }));
}

export function mongoKeyRingStore(rings: ReturnType<typeof keyRingModel>, attempt: Attempt): KeyRingStore {
  return {
    async version() {
      return required(await attempt(() => rings.findOne(RING, { version: 1 }).lean())).version;
    },
    async read() {
      const { version, sealed } = required(await attempt(() => rings.findOne(RING).lean()));
      return version === 0 ? undefined : { version, sealed: octetsOf(sealed) };
    },
    async replace({ version, sealed }) {
      const update = { $set: { version, sealed: Buffer.from(sealed) } };
      const { modifiedCount } = await attempt(() => rings.updateOne({ ...RING, version: version - 1 }, update));
      return modifiedCount === 1;
    },
  };
}

function required<T>(stored: T | null): T {
  // Without it the service would take its oldest key for its first one.
  if (stored === null) throw new ServiceError('STORE_UNAVAILABLE', 'the key ring has lost its place');
  return stored;
}
