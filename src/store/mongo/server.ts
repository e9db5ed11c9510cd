/**
 * What kind of server the store runs on, as the server itself says: for the operator's log, and to know what to expect.
 */
import type { MongoDatabase } from './open-database.ts';

export interface MongoServer {
  readonly product: 'MongoDB' | 'FerretDB' | 'SecantusDB';
  readonly version: string;
  /** A standalone server survives no loss of its machine. */
  readonly topology: 'standalone' | 'replica set' | 'sharded cluster';
}

/** @param database of which `hello` and `buildInfo` are asked; neither needs a privilege */
export async function describeServer(database: Pick<MongoDatabase, 'command'>): Promise<MongoServer> {
  const hello = await database.command({ hello: 1 });
  const buildInfo = await database.command({ buildInfo: 1 });
  const secantus = buildInfo.secantusVersion;
  const topology =
    hello.msg === 'isdbgrid' ? 'sharded cluster' : hello.setName !== undefined ? 'replica set' : 'standalone';
  if (typeof secantus === 'string') return { product: 'SecantusDB', version: secantus, topology };
  return {
    product: 'ferretdb' in buildInfo || 'ferretdbVersion' in buildInfo ? 'FerretDB' : 'MongoDB',
    version: String(buildInfo.version),
    topology,
  };
}
