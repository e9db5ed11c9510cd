import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { dropSilentPeers } from '../../src/http/tls-server.ts';
import { pemOf } from '../support/authority.ts';

/** RFC 8446 5.1: a handshake record of 512 octets follows. */
const RECORD_HEADER = Buffer.from('1603010200', 'hex');

describe('a listener whose handshakes may take long', () => {
  it('cuts who does not even begin one, and waits for who has', async () => {
    const now = new Date();
    const keys = generateKeys('P-256');
    const server = createServer({
      cert: pemOf(issueServerCertificate(createTlsRoot(now), keys.publicKey, now)),
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    dropSilentPeers(server, 0.5);
    const port = await listen(server);
    const open = (octets: Buffer): Socket => {
      const socket = connect(port, '127.0.0.1').resume();
      socket.write(octets);
      return socket;
    };
    const clientHello = await recordClientHello();
    const begun = open(clientHello);
    await once(begun, 'data');
    const cut = [
      connect(port, '127.0.0.1').resume(),
      open(RECORD_HEADER),
      open(Buffer.concat([RECORD_HEADER, Buffer.alloc(100)])),
      open(clientHello.subarray(0, -1)),
    ];
    await Promise.all(cut.map((socket) => once(socket, 'close')));
    expect(begun.closed).to.equal(false);
    begun.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // a TCP server's address is an object
}

async function recordClientHello(): Promise<Buffer> {
  const server = createTcpServer();
  const port = await listen(server);
  const client = connectTls({ port, host: '127.0.0.1' }).on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}
