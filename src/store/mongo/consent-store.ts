/**
 * ConsentStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { ConsentStore } from '../../citizen/consent.ts';
import { type Attempt, driverCollection, upserting, validTime } from './open-database.ts';
import { SharedReads } from './shared-reads.ts';
import type { Turns } from './turns.ts';

interface Stored {
  /** `accountId clientId`. */
  _id: string;
  accountId: string;
  clientId: string;
  claims: string[];
  givenAt: Date;
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    accountId: { type: String, required: true },
    clientId: { type: String, required: true },
    claims: { type: [String], required: true },
    givenAt: { type: Date, required: true },
  },
  { collection: 'consent', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function consentModel(connection: Connection) {
  return connection.model('Consent', schema);
}

export function mongoConsentStore(
  model: ReturnType<typeof consentModel>,
  turns: Turns,
  attempt: Attempt,
): ConsentStore {
  const consents = driverCollection<Stored>(model);
  // By a command of their own: there is one for each citizen and portal.
  const read = new SharedReads(turns, attempt).of(consents);
  // An accountId is a hash as text and has no space, so no two pairs have one key.
  const keyOf = (accountId: string, clientId: string): string => `${accountId} ${clientId}`;
  return {
    async find(accountId, clientId) {
      const stored = await read(keyOf(accountId, clientId));
      return stored ? { accountId, clientId, claims: stored.claims, givenAt: stored.givenAt } : undefined;
    },
    async put({ accountId, clientId, claims, givenAt }) {
      const update = { $set: { accountId, clientId, claims: [...claims], givenAt: validTime(givenAt) } };
      const condition = { _id: { $eq: keyOf(accountId, clientId) } };
      await attempt(() => upserting(() => consents.updateOne(condition, update, { upsert: true })));
    },
  };
}
