/**
 * CitizenStore on MongoDB: a sign-in and the standing of its citizen are read by one command.
 */
import type { CitizenStore, SignInReference } from '../../citizen/citizen-record.ts';
import { octetsOf, validTime } from './open-database.ts';
import type { Read } from './shared-reads.ts';
import { writeAnyway } from './shared-writes.ts';
import type { ShortLivedRecords } from './short-lived-records.ts';
import { type StoredStanding, standingIdOf, standingIn } from './standing-store.ts';

export interface StoredCitizen {
  /** `citizen:accountId.time`: an accountId has no dot. */
  _id: string;
  sealed: Buffer;
  expiresAt: Date;
}

export function mongoCitizenStore(
  { read, write }: ShortLivedRecords<StoredCitizen>,
  readStanding: Read<StoredStanding>,
): CitizenStore {
  return {
    async find({ accountId, signedInAt }, at) {
      const time = validTime(at);
      const reads = [read(idOf({ accountId, signedInAt })), readStanding(standingIdOf(accountId))] as const;
      const [record, standingRecord] = await Promise.all(reads);
      if (record === undefined || record.expiresAt <= time) return undefined;
      const { sealed, expiresAt } = record;
      const standing = standingIn(standingRecord);
      return { accountId, signedInAt, sealed: octetsOf(sealed), expiresAt, ...(standing && { standing }) };
    },
    async put({ accountId, signedInAt, sealed, expiresAt }) {
      const update = { $set: { sealed: Buffer.from(sealed), expiresAt: validTime(expiresAt) } };
      await writeAnyway(write, { id: idOf({ accountId, signedInAt }), update });
    },
  };
}

function idOf({ accountId, signedInAt }: SignInReference): string {
  return `citizen:${accountId}.${signedInAt}`;
}
