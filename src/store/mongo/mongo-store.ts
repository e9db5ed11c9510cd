/**
 * The Store on MongoDB, for services of several machines. Any number of processes may have it open.
 */
import { type Connection, Schema } from 'mongoose';
import { ServiceError } from '../../errors.ts';
import type { Store } from '../store.ts';
import { auditModel, mongoAuditStore } from './audit-store.ts';
import { challengeKey, mongoChallengeStore } from './challenge-store.ts';
import { mongoCitizenStore } from './citizen-store.ts';
import { consentModel, mongoConsentStore } from './consent-store.ts';
import { createExpiryIndex, sweepExpired, TTL_GRACE_SECONDS } from './expiry.ts';
import { mongoHandOffStore } from './hand-off-store.ts';
import { keyRingModel, mongoKeyRingStore, prepareKeyRing } from './key-ring-store.ts';
import { logoutNoticeModel, mongoLogoutNoticeStore } from './logout-notice-store.ts';
import { mongoNotBeforeStore, notBeforeModel } from './not-before-store.ts';
import { mongoOcspAnswerStore, ocspAnswerModel } from './ocsp-answer-store.ts';
import { driverCollection, type MongoDatabase, openMongoDatabase, upserting, validTime } from './open-database.ts';
import { mongoPortalStore, portalModel } from './portal-store.ts';
import { mongoProtocolStore, protocolKey } from './protocol-store.ts';
import { mongoRateLimitStore, rateLimitModel } from './rate-limit-store.ts';
import { describeServer, type MongoServer } from './server.ts';
import { SharedReads } from './shared-reads.ts';
import { shortLivedModel, shortLivedRecords } from './short-lived-records.ts';
import { TRIAL_MODEL, trySingleUse } from './single-use-trial.ts';
import { mongoStandingStore, type StoredStanding, standingModel } from './standing-store.ts';
import { mongoTrustStore, prepareTrustList, trustModel } from './trust-store.ts';
import { Turns } from './turns.ts';

export interface MongoStoreOptions {
  /** A connection string; without a database in its path, the database is `thiqa`. */
  readonly url: string;
  /** How long after its expiry the server leaves a record alone; an hour unless told. */
  readonly ttlGraceSeconds?: number;
  /** Hears once what the server is, and whether it removes expired records itself or only our sweep does. */
  readonly report?: ((server: MongoServer & { readonly ttlIndexes: boolean }) => void) | undefined;
}

interface Indexed {
  createIndexes(): Promise<unknown>;
}

/** Raised when documents of an earlier version must be changed before this program can read them. */
const SCHEMA_VERSION = 1;

/** Rejects with ServiceError STORE_SINGLE_USE_BROKEN, STORE_SCHEMA_NEWER or STORE_UNAVAILABLE. */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const { url, report, ttlGraceSeconds = TTL_GRACE_SECONDS } = options;
  const database = await openMongoDatabase(url);
  try {
    const models = modelsOf(database.connection);
    const store = storeOver(database, models);
    await database.attempts(
      'STORE_UNAVAILABLE',
      Number.POSITIVE_INFINITY,
    )(async () => {
      const server = await describeServer(database);
      await refuseNewerSchema(database.connection);
      // Before anything else is asked of it: a server on which two can win may not have all kinds of index either.
      const tried = await trySingleUse(() => shortLivedPorts(database, models), `${server.product} ${server.version}`);
      const left = tried.flatMap((id) => [protocolKey(TRIAL_MODEL, id), challengeKey(id)]);
      await driverCollection<{ _id: string }>(models.shortLived).deleteMany({ _id: { $in: left } });
      for (const model of Object.values<Indexed>(models)) await model.createIndexes();
      const kept = await Promise.all(
        expiringOf(models).map((collection) => createExpiryIndex(collection, ttlGraceSeconds)),
      );
      await prepareTrustList(models.trust);
      await prepareKeyRing(models.keyRing);
      report?.({ ...server, ttlIndexes: kept.every(Boolean) });
    });
    return store;
  } catch (error) {
    await database.close().catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

function modelsOf(connection: Connection) {
  return {
    shortLived: shortLivedModel(connection),
    portals: portalModel(connection),
    consents: consentModel(connection),
    standings: standingModel(connection),
    notBefore: notBeforeModel(connection),
    trust: trustModel(connection),
    rateLimits: rateLimitModel(connection),
    keyRing: keyRingModel(connection),
    ocspAnswers: ocspAnswerModel(connection),
    logoutNotices: logoutNoticeModel(connection),
    audit: auditModel(connection),
  };
}

function expiringOf({ shortLived, rateLimits, ocspAnswers, logoutNotices }: ReturnType<typeof modelsOf>) {
  return [shortLived, rateLimits, ocspAnswers, logoutNotices].map(({ collection }) => collection);
}

const versionSchema = new Schema<{ _id: string; version: number }>(
  { _id: { type: String, required: true }, version: { type: Number, required: true } },
  { collection: 'schema', versionKey: false },
);

/** The first to open a database writes its version; a program that is older than the documents touches none. */
async function refuseNewerSchema(connection: Connection): Promise<void> {
  const versions = connection.model('SchemaVersion', versionSchema);
  const record = { _id: 'store' };
  const first = { $setOnInsert: { version: SCHEMA_VERSION } };
  await upserting(() => versions.updateOne(record, first, { upsert: true }));
  const stored = await versions.findOne(record).orFail().lean();
  if (stored.version > SCHEMA_VERSION) {
    throw new ServiceError('STORE_SCHEMA_NEWER', 'the database was written by a newer version of this program', {
      detail: { version: stored.version, supported: SCHEMA_VERSION },
    });
  }
}

/** Ports that share commands with each other, and with no other ports. */
function shortLivedPorts(database: MongoDatabase, models: ReturnType<typeof modelsOf>) {
  const attempt = database.attempts('STORE_UNAVAILABLE');
  const turns = new Turns();
  const reads = new SharedReads(turns, attempt);
  const recordsOf = shortLivedRecords(models.shortLived, { turns, reads, attempt });
  const readStanding = reads.of(driverCollection<StoredStanding>(models.standings));
  return {
    turns,
    reads,
    attempt,
    readStanding,
    protocol: mongoProtocolStore(recordsOf(), turns, attempt),
    challenges: mongoChallengeStore(recordsOf()),
    handOffs: mongoHandOffStore(recordsOf()),
    citizens: mongoCitizenStore(recordsOf(), readStanding),
  };
}

function storeOver(database: MongoDatabase, models: ReturnType<typeof modelsOf>): Store {
  const audit = mongoAuditStore(models.audit, database.attempts('AUDIT_UNAVAILABLE'));
  const { turns, reads, attempt, readStanding, ...shortLived } = shortLivedPorts(database, models);
  let closing: Promise<void> | undefined;
  return {
    ...shortLived,
    portals: mongoPortalStore(models.portals, reads, attempt),
    consents: mongoConsentStore(models.consents, turns, attempt),
    standings: mongoStandingStore(models.standings, readStanding, attempt),
    notBefore: mongoNotBeforeStore(models.notBefore, reads, attempt),
    trust: mongoTrustStore(models.trust, reads, attempt),
    rateLimits: mongoRateLimitStore(models.rateLimits, attempt),
    keyRing: mongoKeyRingStore(models.keyRing, attempt),
    ocspAnswers: mongoOcspAnswerStore(models.ocspAnswers, attempt),
    logoutNotices: mongoLogoutNoticeStore(models.logoutNotices, attempt),
    audit,
    async sweep(at) {
      const time = validTime(at);
      return database.attempts(
        'STORE_UNAVAILABLE',
        Number.POSITIVE_INFINITY,
      )(async () => {
        let swept = 0;
        for (const collection of expiringOf(models)) swept += await sweepExpired(collection, time);
        return swept;
      });
    },
    close() {
      closing ??= audit.flush().finally(() => database.close());
      return closing;
    },
  };
}
