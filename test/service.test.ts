import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { expect } from 'chai';
import { ConfigurationError } from '../src/errors.ts';
import { closeListeners, openListeners, portOf, runEach } from '../src/service.ts';
import { expectRefusal, thrownBy } from './support/refusal.ts';

describe('listeners that open', () => {
  it('name the one whose address is none of this machine', async () => {
    const listener = { name: 'a listener', server: createServer(), host: '203.0.113.7', port: 0 };
    const error = await expectRefusal(() => openListeners([listener]), ConfigurationError, 'CONFIG_INVALID');
    expect(error.message).to.equal('port 0 of a listener on 203.0.113.7 cannot be opened (EADDRNOTAVAIL)');
  });
});

describe('listeners that close', () => {
  for (const gently of [false, true]) {
    it(`cut at the deadline a connection that never came to its handshake${gently ? ', gently too' : ''}`, async () => {
      const server = createServer();
      const listener = { name: 'a listener', server, host: '127.0.0.1', port: 0 };
      await openListeners([listener]);
      const socket = connect(portOf(server), '127.0.0.1').resume();
      await once(server, 'connection');
      const closed = once(socket, 'close');
      await closeListeners([listener], 0.05, { gently });
      await closed;
      expect(server.listening).to.equal(false);
    });
  }
});

describe('steps that are all run', () => {
  it('come one after the other, whatever becomes of those before; the first failure is told', async () => {
    const done: string[] = [];
    const first = new Error('first');
    const steps = [
      async () => {
        await new Promise(setImmediate);
        done.push('a');
      },
      () => {
        done.push('b');
        throw first;
      },
      () => Promise.reject(new Error('second')),
      () => done.push('c'),
    ];
    expect(await thrownBy(() => runEach(steps))).to.equal(first);
    expect(done).to.deep.equal(['a', 'b', 'c']);
  });

  it('give nothing to tell when none fails', async () => {
    expect(await runEach([() => 1, async () => 2])).to.equal(undefined);
  });
});
