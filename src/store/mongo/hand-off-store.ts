/**
 * HandOffStore on MongoDB.
 */
import type { HandOffStore } from '../../authentication/hand-off.ts';
import { octetsOf, validTime } from './open-database.ts';
import { putOnce, type ShortLivedRecords, takeOnce } from './short-lived-records.ts';

export interface StoredHandOff {
  /** `handOff:id`. */
  _id: string;
  interaction: string;
  browserHash: string;
  sealed: Buffer;
  expiresAt: Date;
}

export function mongoHandOffStore(records: ShortLivedRecords<StoredHandOff>): HandOffStore {
  return {
    // A token that stands already is refused, because none is ever used twice.
    async put({ id, interaction, browserHash, sealed, expiresAt }) {
      const record = { interaction, browserHash, sealed: Buffer.from(sealed), expiresAt: validTime(expiresAt) };
      await putOnce(records, keyOf(id), record);
    },
    async take(id) {
      const stored = await takeOnce(records, keyOf(id));
      if (stored === undefined) return undefined;
      const { interaction, browserHash, sealed, expiresAt } = stored;
      return { id, interaction, browserHash, sealed: octetsOf(sealed), expiresAt };
    },
  };
}

function keyOf(id: string): string {
  return `handOff:${id}`;
}
