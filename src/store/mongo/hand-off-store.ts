/**
 * HandOffStore on MongoDB. Taking is one findOneAndDelete, which returns the document to the one caller who removed it.
 */
import { type Connection, Schema } from 'mongoose';
import type { HandOffStore } from '../../authentication/hand-off.ts';
import { type Attempt, driverCollection, octetsOf, validTime } from './open-database.ts';

interface Stored {
  _id: string;
  interaction: string;
  browserHash: string;
  sealed: Buffer;
  expiresAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    interaction: { type: String, required: true },
    browserHash: { type: String, required: true },
    sealed: { type: Buffer, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'handOff', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function handOffModel(connection: Connection) {
  return connection.model('HandOff', schema);
}

export function mongoHandOffStore(model: ReturnType<typeof handOffModel>, attempt: Attempt): HandOffStore {
  const handOffs = driverCollection<Stored>(model);
  return {
    // A plain insert: a token that stands already is refused, because none is ever used twice.
    async put({ id, interaction, browserHash, sealed, expiresAt }) {
      const stored = {
        _id: id,
        interaction,
        browserHash,
        sealed: Buffer.from(sealed),
        expiresAt: validTime(expiresAt),
      };
      await attempt(() => handOffs.insertOne(stored));
    },
    async take(id) {
      const stored = await attempt(() => handOffs.findOneAndDelete({ _id: { $eq: id } }));
      if (stored === null) return undefined;
      const { _id, interaction, browserHash, sealed, expiresAt } = stored;
      return { id: _id, interaction, browserHash, sealed: octetsOf(sealed), expiresAt };
    },
  };
}
