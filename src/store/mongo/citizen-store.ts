/**
 * CitizenStore and StandingStore on MongoDB, in one collection: a sign-in and the standing of its citizen are one read.
 */
import { type Connection, Schema } from 'mongoose';
import type { CitizenStore, SignInReference } from '../../citizen/citizen-record.ts';
import type { CitizenStanding, StandingStore } from '../../citizen/standing.ts';
import { type Attempt, driverCollection, octetsOf, upserting, validTime } from './open-database.ts';
import { sharedReads } from './shared-commands.ts';

/** Of a sign-in; of a standing, which never expires. */
interface Stored {
  /** The accountId, a dot, and the time of the sign-in or `standing`: neither contains a dot. */
  _id: string;
  sealed?: Buffer;
  expiresAt?: Date;
  isSuspended?: boolean;
  notBefore?: number;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    sealed: { type: Buffer },
    expiresAt: { type: Date },
    isSuspended: { type: Boolean },
    notBefore: { type: Number },
  },
  { collection: 'citizen', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function citizenModel(connection: Connection) {
  return connection.model('Citizen', schema);
}

type Citizens = ReturnType<typeof citizenModel>;

export function mongoCitizenStore(model: Citizens, attempt: Attempt): CitizenStore {
  const citizens = driverCollection<Stored>(model);
  const read = sharedReads(citizens, attempt);
  return {
    async find({ accountId, signedInAt }, at) {
      const time = validTime(at);
      const reads = [read(idOf({ accountId, signedInAt })), read(standingIdOf(accountId))] as const;
      const [record, standingRecord] = await Promise.all(reads);
      const { sealed, expiresAt } = record ?? {};
      if (sealed === undefined || expiresAt === undefined || expiresAt <= time) return undefined;
      const standing = standingIn(standingRecord);
      return { accountId, signedInAt, sealed: octetsOf(sealed), expiresAt, ...(standing && { standing }) };
    },
    async put({ accountId, signedInAt, sealed, expiresAt }) {
      const update = { $set: { sealed: Buffer.from(sealed), expiresAt: validTime(expiresAt) } };
      await attempt(() =>
        upserting(() =>
          citizens.updateOne({ _id: { $eq: idOf({ accountId, signedInAt }) } }, update, { upsert: true }),
        ),
      );
    },
  };
}

export function mongoStandingStore(model: Citizens, attempt: Attempt): StandingStore {
  const citizens = driverCollection<Stored>(model);
  return {
    async find(accountId) {
      const stored = await attempt(() => citizens.findOne({ _id: { $eq: standingIdOf(accountId) } }));
      return standingIn(stored ?? undefined);
    },
    async change(accountId, { notBefore, isSuspended }) {
      const update =
        isSuspended === undefined
          ? { $max: { notBefore }, $setOnInsert: { isSuspended: false } }
          : { $max: { notBefore }, $set: { isSuspended } };
      await attempt(() =>
        upserting(() => citizens.updateOne({ _id: { $eq: standingIdOf(accountId) } }, update, { upsert: true })),
      );
    },
  };
}

function standingIn({ isSuspended, notBefore }: Partial<Stored> = {}): CitizenStanding | undefined {
  return isSuspended === undefined || notBefore === undefined ? undefined : { isSuspended, notBefore };
}

function idOf({ accountId, signedInAt }: SignInReference): string {
  return `${accountId}.${signedInAt}`;
}

function standingIdOf(accountId: string): string {
  return `${accountId}.standing`;
}
