/**
 * What is particular to MongoDB: the server is another process, which may be absent, lost, or used by a newer program.
 */
import { connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { Mongoose } from 'mongoose';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { ServiceError } from '../../../src/errors.ts';
import { type MongoStoreOptions, openMongoStore } from '../../../src/store/mongo/mongo-store.ts';
import { openMongoDatabase } from '../../../src/store/mongo/open-database.ts';
import { freePorts } from '../../support/free-ports.ts';
import { discardDatabase, freshDatabase, MONGODB_URL } from '../../support/mongo-database.ts';
import { type RacingDatabase, startRacingDatabase } from '../../support/racing-database.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { auditEvent, challenge, code, handOff, NOW } from '../records.ts';

describe('MongoDB store', () => {
  it('an address where nobody answers is refused with the reason and the cause', async () => {
    const [port] = await freePorts(1);
    const error = await expectRefusal(
      () => openMongoStore({ url: `mongodb://127.0.0.1:${port}/thiqa` }),
      ServiceError,
      'STORE_UNAVAILABLE',
    );
    expect(error.message).to.match(/^the database could not do its work: .*, ECONNREFUSED$/);
    expect(error).to.have.property('cause').that.is.instanceOf(Error);
  });

  it('an address that is not well-formed is refused without a word of it: it may hold a password', async () => {
    const opening = openMongoStore({ url: 'mongodb://someone:sec%ret@127.0.0.1/thiqa?tls=perhaps' });
    const error = await expectRefusal(() => opening, ServiceError, 'STORE_UNAVAILABLE');
    expect(error).to.not.have.own.property('cause');
    expect(error).to.have.property('message').that.does.not.include('sec');
  });

  describe('a server that only speaks the protocol', () => {
    let server: RacingDatabase;

    afterEach(() => server.close());

    it('is refused when two can win, whatever else it lacks: by a sentence that names it (S26)', async () => {
      server = await startRacingDatabase({ isRacing: true });
      const opening = openMongoStore({ url: server.url });
      const error = await expectRefusal(() => opening, ServiceError, 'STORE_SINGLE_USE_BROKEN');
      expect(error.message).to.match(
        /^the database server \(MongoDB 7\.0\.42\) cannot be relied on: of 20 .* \d+ won$/,
      );
    });

    it('may have no TTL indexes: the sweep is there, and the report says so', async () => {
      server = await startRacingDatabase({ isRacing: false });
      const told: unknown[] = [];
      const store = await openMongoStore({ url: server.url, report: (report) => told.push(report) });
      await store.close();
      expect(told).to.deep.equal([
        { product: 'MongoDB', version: '7.0.42', topology: 'standalone', ttlIndexes: false },
      ]);
    });
  });

  describe('on a server', () => {
    let url: string;

    before(function () {
      if (MONGODB_URL === undefined) this.skip();
    });

    beforeEach(() => {
      url = freshDatabase(MONGODB_URL ?? '');
    });

    afterEach(() => discardDatabase(url));

    it('no address weakens what a write and a read wait for', async () => {
      const weak = 'w=0&journal=false&retryWrites=false&readPreference=secondary';
      const database = await openMongoDatabase(`${url}?${weak}`);
      const { writeConcern, retryWrites, readPreference } = database.connection.getClient().options;
      await database.close();
      expect(writeConcern).to.include({ w: 'majority', journal: true });
      expect(retryWrites).to.equal(true);
      expect(readPreference.mode).to.equal('primary');
    });

    it('tells once what the server is', async () => {
      const told: Parameters<NonNullable<MongoStoreOptions['report']>>[0][] = [];
      const store = await openMongoStore({ url, report: (server) => told.push(server) });
      await store.close();
      expect(told).to.have.length(1);
      expect(told[0]).to.have.keys('product', 'version', 'topology', 'ttlIndexes');
    });

    it('many that open one new database at once all succeed', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => openMongoStore({ url })));
      await Promise.all(stores.map((store) => store.close()));
    });

    it('a database that a newer program wrote is refused', async () => {
      await (await openMongoStore({ url })).close();
      const connection = await new Mongoose().createConnection(url).asPromise();
      await connection.collection('schema').updateOne({}, { $set: { version: 2 } });
      await connection.close();
      const error = await expectRefusal(() => openMongoStore({ url }), ServiceError, 'STORE_SCHEMA_NEWER');
      expect(error).to.have.deep.property('detail', { version: 2, supported: 1 });
    });

    it('what was taken or removed leaves its content at once, and then the rest', async () => {
      const store = await openMongoStore({ url });
      await store.challenges.put(challenge('a'));
      await store.handOffs.put(handOff('b'));
      await store.protocol.put(code('c'));
      await Promise.all([
        store.challenges.take('a'),
        store.handOffs.take('b'),
        store.protocol.remove('AuthorizationCode', { id: 'c' }),
      ]);
      const connection = await new Mongoose().createConnection(url).asPromise();
      const left = await connection.collection<{ _id: string }>('protocol').find().sort({ _id: 1 }).toArray();
      await connection.close();
      expect(left.map(({ _id }) => _id)).to.deep.equal(['AuthorizationCode:c', 'challenge:a', 'handOff:b']);
      for (const one of left) expect(one).to.have.all.keys('_id', 'expiresAt');
      expect(await store.challenges.take('a')).to.equal(undefined);
      // Whatever the clock of who asks.
      expect(await store.protocol.find('AuthorizationCode', { id: 'c' }, new Date(0))).to.equal(undefined);
      expect(await store.protocol.consume('AuthorizationCode', 'c', new Date(0))).to.equal(false);
      expect(await store.sweep(new Date())).to.equal(3);
      await store.close();
    });

    it('a server that is lost gives a code, and the same store works once it is back', async () => {
      const line = await interruptibleLine(url);
      const store = await openMongoStore({ url: line.url });
      const audit = new AuditLog(store.audit, () => NOW);
      await audit.append(auditEvent('before'));
      line.cut();
      await expectRefusal(() => store.protocol.put(code('lost')), ServiceError, 'STORE_UNAVAILABLE');
      const lost = await expectRefusal(() => audit.append(auditEvent('lost')), ServiceError, 'AUDIT_UNAVAILABLE');
      const later = await expectRefusal(() => store.protocol.put(code('later')), ServiceError, 'STORE_UNAVAILABLE');
      // What the one before waited for, the next one is told.
      expect(later.cause).to.equal(lost.cause).and.to.be.instanceOf(Error);
      await line.restore();
      await onceSeen(() => store.protocol.put(code('code-1')));
      expect(await store.protocol.consume('AuthorizationCode', 'code-1', NOW)).to.equal(true);
      await audit.append(auditEvent('after'));
      expect(await audit.verify()).to.have.deep.property('event', auditEvent('after'));
      await store.close();
      line.cut();
    });
  });
});

/** Attempts until the store has seen that the database is back. */
async function onceSeen(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.message !== 'the database cannot be reached') throw error;
    }
  }
}

/** A way to the server that can be cut and restored, as a network is. */
async function interruptibleLine(url: string) {
  const { hostname, port, pathname } = new URL(url);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const open = async (listenPort: number) => {
    const server = createServer((client) => {
      const upstream = keep(connect(Number(port || 27017), hostname));
      keep(client).pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(listenPort, '127.0.0.1', resolve));
    return server;
  };
  const [ownPort] = await freePorts(1);
  let server = await open(ownPort);
  return {
    url: `mongodb://127.0.0.1:${ownPort}${pathname}?directConnection=true`,
    cut(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
    async restore(): Promise<void> {
      server = await open(ownPort);
    },
  };
}
