/**
 * ChallengeStore on MongoDB.
 */
import type { ChallengeStore } from '../../authentication/challenge.ts';
import { validTime } from './open-database.ts';
import { putOnce, type ShortLivedRecords, takeOnce } from './short-lived-records.ts';

export interface StoredChallenge {
  /** `challenge:id`. */
  _id: string;
  interaction: string;
  browserHash: string;
  clientId: string;
  expiresAt: Date;
}

export function mongoChallengeStore(records: ShortLivedRecords<StoredChallenge>): ChallengeStore {
  return {
    // One that stands already is refused, because no label is ever used twice.
    async put({ id, interaction, browserHash, clientId, expiresAt }) {
      await putOnce(records, challengeKey(id), { interaction, browserHash, clientId, expiresAt: validTime(expiresAt) });
    },
    async take(id) {
      const stored = await takeOnce(records, challengeKey(id));
      if (stored === undefined) return undefined;
      const { interaction, browserHash, clientId, expiresAt } = stored;
      return { id, interaction, browserHash, clientId, expiresAt };
    },
  };
}

export function challengeKey(id: string): string {
  return `challenge:${id}`;
}
