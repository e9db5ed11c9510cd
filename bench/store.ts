/**
 * What the store costs: the processor time of a sign-in, in the process of the service, on SQLite, on MongoDB, and on a
 * store in memory behind the same ports. What the database server uses is not in it.
 *
 * MongoDB is the server of MONGODB_URL, or one that is started here.
 */
import { databaseServerNeeds, prepareDatabaseServer, startDatabaseServer } from '../test/support/database-server.ts';
import { discardDatabase, freshDatabase, MONGODB_URL } from '../test/support/mongo-database.ts';
import { compareWindows, figuresOf, type LoadResults, loadByTurns } from './load.ts';
import type { Bench, Comparison, Pace } from './measure.ts';
import { withSides } from './sides.ts';

const GOALS = { sqlite: 1.4, mongodb: 2 } as const;

export const bench: Bench = {
  title: 'the processor time of a sign-in on SQLite and on MongoDB, against a store in memory',
  run: (pace, tell) =>
    withMongoDatabase(pace, (mongodb) =>
      withSides('header', pace, async ({ cards, service }) => {
        const places = { sqlite: 'sqlite', ...(mongodb !== undefined && { mongodb }), memory: 'memory' };
        const sides = [];
        for (const [name, store] of Object.entries(places)) sides.push(await service(name, store, cards));
        const results = await loadByTurns(sides, { ...pace, windowSeconds: pace.windowSeconds * 2 });
        tell(figuresOf(results, 'memory'));
        return Object.keys(GOALS)
          .filter((name): name is keyof typeof GOALS => name in places)
          .map((name) => compareWithMemory(results, name));
      }),
    ),
};

function compareWithMemory(results: LoadResults, name: keyof typeof GOALS): Comparison {
  const cpu = compareWindows(results, [name, 'memory'], ({ cpuMilliseconds }) => cpuMilliseconds);
  return { name: `store-${name}-cpu`, unit: 'ms', goal: GOALS[name], ...cpu };
}

/** @param measure gets the address of a fresh database, or undefined where no server can be had */
async function withMongoDatabase<T>({ quick }: Pace, measure: (url: string | undefined) => Promise<T>): Promise<T> {
  // An installation takes longer than what is quick.
  const startable = (): boolean => (quick ? databaseServerNeeds() === undefined : prepareDatabaseServer());
  if (MONGODB_URL === undefined && !startable()) {
    process.stderr.write('MongoDB is not measured: there is no server, and none was installed.\n');
    return measure(undefined);
  }
  const server = MONGODB_URL === undefined ? await startDatabaseServer() : undefined;
  const url = freshDatabase(server?.url ?? MONGODB_URL ?? '');
  try {
    return await measure(url);
  } finally {
    await discardDatabase(url);
    await server?.stop();
  }
}
