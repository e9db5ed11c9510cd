/**
 * TrustStore on MongoDB. The list and its version are one document, so each change stands together with the new version
 * on every kind of server, one without transactions too. The certificates of some thousand CAs fit in it.
 */
import { type Connection, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import type { TrustKind, TrustStore, TrustSubject, TrustVersion } from '../../trust/trust-list.ts';
import { type Attempt, driverCollection, octetsOf, upserting, validTime } from './open-database.ts';
import type { SharedReads } from './shared-reads.ts';

interface StoredEntry {
  /** What is unique of an entry: the profile, the kind, and the hash of the certificate. */
  key: string;
  profile: string;
  kind: TrustKind;
  keySha256: string;
  certificateSha256: string;
  certificate: Buffer;
  addedAt: Date;
}

interface StoredRecording {
  change: string;
  /** null: on record */
  heldUntil: Date | null;
}

interface Stored {
  _id: string;
  list: number;
  refreshes: number;
  entries: StoredEntry[];
  /** Absent until the first. */
  recordings?: StoredRecording[];
}

const text = { type: String, required: true };
const schema = new Schema<Stored>(
  {
    _id: text,
    list: { type: Number, required: true },
    refreshes: { type: Number, required: true },
    entries: [
      new Schema<StoredEntry>(
        {
          key: text,
          profile: text,
          kind: { ...text, enum: ['anchor', 'intermediate'] },
          keySha256: text,
          certificateSha256: text,
          certificate: { type: Buffer, required: true },
          addedAt: { type: Date, required: true },
        },
        { _id: false },
      ),
    ],
    recordings: {
      type: [new Schema<StoredRecording>({ change: text, heldUntil: { type: Date, default: null } }, { _id: false })],
      default: undefined,
    },
  },
  { collection: 'trust', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function trustModel(connection: Connection) {
  return connection.model('Trust', schema);
}

const LIST = { _id: 'list' };
const MOST_RECORDINGS = 32;

/** The list, empty, where there is none yet. */
export async function prepareTrustList(lists: ReturnType<typeof trustModel>): Promise<void> {
  const empty = { $setOnInsert: { list: 0, refreshes: 0, entries: [] } };
  await upserting(() => lists.updateOne(LIST, empty, { upsert: true }));
}

export function mongoTrustStore(
  lists: ReturnType<typeof trustModel>,
  reads: SharedReads,
  attempt: Attempt,
): TrustStore {
  const readVersion = reads.of(driverCollection<Stored>(lists), { list: 1, refreshes: 1 });
  return {
    version: async () => versionOf(await readVersion(LIST._id)),
    async read() {
      const stored = await attempt(() => lists.findOne(LIST).lean());
      const version = versionOf(stored);
      const entries = (stored?.entries ?? []).map(
        ({ profile, kind, keySha256, certificateSha256, certificate, addedAt }) => ({
          profile,
          kind,
          keySha256,
          certificateSha256,
          certificate: octetsOf(certificate),
          addedAt,
        }),
      );
      return { version, entries };
    },
    async put({ profile, kind, keySha256, certificateSha256, certificate, addedAt }) {
      const key = keyOf({ profile, kind, certificateSha256 });
      const entry = { key, profile, kind, keySha256, certificateSha256, certificate: Buffer.from(certificate) };
      const update = { $push: { entries: { ...entry, addedAt: validTime(addedAt) } }, $inc: { list: 1 } };
      const { modifiedCount } = await attempt(() => lists.updateOne({ ...LIST, 'entries.key': { $ne: key } }, update));
      return modifiedCount === 1;
    },
    async remove(subject) {
      const key = keyOf(subject);
      const update = { $pull: { entries: { key } }, $inc: { list: 1 } };
      const { modifiedCount } = await attempt(() => lists.updateOne({ ...LIST, 'entries.key': key }, update));
      return modifiedCount === 1;
    },
    async refresh() {
      await attempt(() => lists.updateOne(LIST, { $inc: { list: 1, refreshes: 1 } }));
    },
    async claim(change, at, until) {
      const heldUntil = validTime(until);
      const isNew = { ...LIST, 'recordings.change': { $ne: change } };
      const add = { $push: { recordings: { $each: [{ change, heldUntil }], $slice: -MOST_RECORDINGS } } };
      const isLeft = { ...LIST, recordings: { $elemMatch: { change, heldUntil: { $lte: validTime(at) } } } };
      const takeOver = { $set: { 'recordings.$.heldUntil': heldUntil } };
      return attempt(async () => {
        if ((await lists.updateOne(isNew, add)).modifiedCount === 1) return 'won';
        if ((await lists.updateOne(isLeft, takeOver)).modifiedCount === 1) return 'won';
        const isRecorded = { ...LIST, recordings: { $elemMatch: { change, heldUntil: null } } };
        return (await lists.exists(isRecorded)) === null ? 'held' : 'recorded';
      });
    },
    async settle(change, isRecorded) {
      const isHeld = { ...LIST, recordings: { $elemMatch: { change, heldUntil: { $ne: null } } } };
      const update = { $set: { 'recordings.$.heldUntil': isRecorded ? null : new Date(0) } };
      await attempt(() => lists.updateOne(isHeld, update));
    },
  };
}

/** Neither a kind nor a hash has a slash, so no two entries have one key. */
function keyOf({ profile, kind, certificateSha256 }: Omit<TrustSubject, 'keySha256'>): string {
  return `${kind}/${certificateSha256}/${profile}`;
}

function versionOf(stored: TrustVersion | null | undefined): TrustVersion {
  // Without it no process would ever notice that a CA is trusted no longer.
  if (!stored) throw new ServiceError('STORE_UNAVAILABLE', 'the trust list has lost its version');
  return { list: stored.list, refreshes: stored.refreshes };
}
