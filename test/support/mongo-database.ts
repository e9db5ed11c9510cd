/**
 * Databases for tests on the server that a connection string names: each fresh, and dropped afterwards.
 */
import { randomBytes } from 'node:crypto';
import { Mongoose } from 'mongoose';

/** The server that the tests of the MongoDB store use. */
export const { MONGODB_URL } = process.env;

/** The address of a database of that server which nobody has used yet. */
export function freshDatabase(server: string): string {
  const [, address = server, , options = ''] = /^([a-z+]+:\/\/[^/?]+)(\/[^?]*)?(\?.*)?$/.exec(server) ?? [];
  return `${address}/thiqa-test-${randomBytes(8).toString('hex')}${options}`;
}

export async function discardDatabase(url: string): Promise<void> {
  const connection = await new Mongoose().createConnection(url, { serverSelectionTimeoutMS: 3000 }).asPromise();
  try {
    await connection.dropDatabase();
  } finally {
    await connection.close();
  }
}
