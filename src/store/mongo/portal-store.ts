/**
 * PortalStore on MongoDB.
 */
import { type Connection, Schema } from 'mongoose';
import type { Portal, PortalStore } from '../../relying-party/portal.ts';
import { storedJson } from '../stored-json.ts';
import { type Attempt, driverCollection, isDuplicate, validTime } from './open-database.ts';
import type { SharedReads } from './shared-reads.ts';

interface Stored {
  /** The client_id. */
  _id: string;
  registeredAt: Date;
  /** JSON of the other members. */
  registration: string;
  /** Epoch seconds; absent unless something was ended. */
  notBefore?: number;
  /** Absent: as it was registered. */
  status?: Portal['status'];
}

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    registeredAt: { type: Date, required: true },
    registration: { type: String, required: true },
    notBefore: { type: Number },
    status: { type: String, enum: ['active', 'suspended'] },
  },
  { collection: 'portal', versionKey: false, strict: 'throw', strictQuery: 'throw' },
);

export function portalModel(connection: Connection) {
  return connection.model('Portal', schema);
}

export function mongoPortalStore(
  portals: ReturnType<typeof portalModel>,
  reads: SharedReads,
  attempt: Attempt,
): PortalStore {
  const read = reads.of(driverCollection<Stored>(portals));
  return {
    async find(clientId) {
      const stored = await read(clientId);
      return stored ? toPortal(stored) : undefined;
    },
    async put({ registeredAt, ...registration }) {
      const stored = {
        _id: registration.clientId,
        registeredAt: validTime(registeredAt),
        registration: JSON.stringify(registration),
      };
      return attempt(async () => {
        try {
          await portals.create([stored]);
          return true;
        } catch (error) {
          if (isDuplicate(error)) return false;
          throw error;
        }
      });
    },
    async change(clientId, { notBefore, status }) {
      const update = { $max: { notBefore }, ...(status && { $set: { status } }) };
      return attempt(async () => (await portals.updateOne({ _id: clientId }, update)).matchedCount === 1);
    },
    async list() {
      const stored = await attempt(() => portals.find().sort({ _id: 1 }).lean());
      return stored.map(toPortal);
    },
  };
}

function toPortal({ registeredAt, registration, notBefore, status }: Stored): Portal {
  const members = storedJson(registration, 'STORE_UNAVAILABLE') as Omit<Portal, 'registeredAt'>; // as `put` wrote it
  return { ...members, ...(status && { status }), ...(notBefore !== undefined && { notBefore }), registeredAt };
}
