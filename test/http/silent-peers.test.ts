import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { dropSilentPeers } from '../../src/http/tls-server.ts';

/** RFC 8446 5.1: a handshake record of 512 octets follows. */
const RECORD_HEADER = Buffer.from('1603010200', 'hex');

describe('a listener whose handshakes may take long', () => {
  it('cuts who does not even begin one, and waits for who has', async () => {
    const server = createServer();
    dropSilentPeers(server, 0.1);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server's address is an object
    const open = (octets: Buffer): Socket => {
      const socket = connect(port, '127.0.0.1').resume();
      socket.write(octets);
      return socket;
    };
    const begun = open(Buffer.concat([RECORD_HEADER, Buffer.alloc(100)]));
    const silent = connect(port, '127.0.0.1').resume();
    const slow = open(RECORD_HEADER);
    await Promise.all([once(silent, 'close'), once(slow, 'close')]);
    expect(begun.closed).to.equal(false);
    begun.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
