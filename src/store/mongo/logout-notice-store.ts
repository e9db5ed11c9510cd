/**
 * LogoutNoticeStore on MongoDB. A document with `dueAt` is a notice; taking one is a single findOneAndUpdate.
 */
import { type Connection, Schema } from 'mongoose';
import type { LogoutNoticeStore } from '../../oidc/back-channel-logout/logout-notice.ts';
import { type Attempt, isDuplicate, upserting, validTime } from './open-database.ts';

interface Stored {
  /** The sid. */
  _id: string;
  sessionUid: string;
  clientId: string;
  accountId: string;
  attempts: number;
  /** Of a participant; a notice is removed by whoever delivers it or gives it up. */
  expiresAt?: Date;
  /** Of a notice. */
  dueAt?: Date;
  endedAt?: Date;
}

const text = { type: String, required: true };
const schema = new Schema<Stored>(
  {
    _id: text,
    sessionUid: { ...text, index: true },
    clientId: { ...text, index: true },
    accountId: { ...text, index: true },
    attempts: { type: Number, required: true },
    expiresAt: { type: Date },
    dueAt: { type: Date, index: { sparse: true } },
    endedAt: { type: Date },
  },
  { collection: 'logoutNotice', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function logoutNoticeModel(connection: Connection) {
  return connection.model('LogoutNotice', schema);
}

export function mongoLogoutNoticeStore(
  notices: ReturnType<typeof logoutNoticeModel>,
  attempt: Attempt,
): LogoutNoticeStore {
  const participant = { dueAt: { $exists: false } };
  return {
    async put({ sid, sessionUid, clientId, accountId, expiresAt }) {
      const update = {
        $set: { expiresAt: validTime(expiresAt) },
        $setOnInsert: { sessionUid, clientId, accountId, attempts: 0 },
      };
      await attempt(async () => {
        try {
          await upserting(() => notices.updateOne({ _id: sid, ...participant }, update, { upsert: true }));
        } catch (error) {
          // It is a notice already.
          if (!isDuplicate(error)) throw error;
        }
      });
    },
    async prolong(sessionUid, expiresAt) {
      const update = { $set: { expiresAt: validTime(expiresAt) } };
      await attempt(() => notices.updateMany({ sessionUid, ...participant }, update));
    },
    async end(sessions, at) {
      const time = validTime(at);
      const running = { ...participant, expiresAt: { $gt: time } };
      const update = { $set: { dueAt: time, endedAt: time }, $unset: { expiresAt: 1 } } as const;
      const { modifiedCount } = await attempt(() =>
        notices.updateMany({ ...('everybody' in sessions ? {} : sessions), ...running }, update),
      );
      return modifiedCount;
    },
    async take(at, until, busy) {
      const due = { dueAt: { $lte: validTime(at) }, ...(busy.length > 0 && { clientId: { $nin: [...busy] } }) };
      const held = { $set: { dueAt: validTime(until) }, $inc: { attempts: 1 } };
      const options = { sort: { dueAt: 1 }, returnDocument: 'after' } as const;
      const stored = await attempt(() => notices.findOneAndUpdate(due, held, options).lean());
      if (stored?.endedAt === undefined) return undefined;
      const { _id, sessionUid, clientId, accountId, endedAt, attempts } = stored;
      return { sid: _id, sessionUid, clientId, accountId, endedAt, attempts };
    },
    async settle({ sid, attempts }, retryAt) {
      const holder = { _id: sid, attempts };
      await attempt<unknown>(() =>
        retryAt === undefined
          ? notices.deleteOne(holder)
          : notices.updateOne(holder, { $set: { dueAt: validTime(retryAt) } }),
      );
    },
    async postpone(clientId, until) {
      const early = { clientId, dueAt: { $lt: validTime(until) } };
      await attempt(() => notices.updateMany(early, { $set: { dueAt: until } }));
    },
    async backlog() {
      const found = await attempt(() =>
        notices.aggregate<{ _id: string; waiting: number; since: Date }>([
          { $match: { dueAt: { $exists: true } } },
          { $group: { _id: '$clientId', waiting: { $sum: 1 }, since: { $min: '$endedAt' } } },
          { $sort: { since: 1 } },
        ]),
      );
      return found.map(({ _id, waiting, since }) => ({ clientId: _id, waiting, since }));
    },
  };
}
