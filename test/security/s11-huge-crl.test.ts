import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CrlSource, type CrlSourceOptions, createCrlSource } from '../../src/network/crl-source.ts';
import { decideRevocation } from '../../src/pki/revocation.ts';
import { AT, createTestAuthority, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { anchorOf, parse } from '../support/path.ts';
import { inBrief, pathOf } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const path = pathOf(issueTestCard(issuing), authority);

describe('S11: huge CRLs and slow servers', () => {
  let folder = '';
  let server: Server;
  let host = '';
  let answer: RequestListener = () => undefined;
  let sources: CrlSource[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thiqa-s11-'));
    await writeFile(join(folder, 'root.crl'), issueTestCrl(root));
    await writeFile(join(folder, 'issuing.crl'), issueTestCrl(issuing));
    server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server's address is an object; only that of a pipe is a string.
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => {
    for (const source of sources) source.close();
    sources = [];
  });

  function open(locations: readonly string[], changes: Partial<CrlSourceOptions> = {}): CrlSource {
    const source = createCrlSource({
      locations: locations.map((location) => (location.startsWith('http') ? location : join(folder, location))),
      anchors: [anchorOf(root)],
      intermediates: [parse(issuing)],
      allowedHosts: [host],
      privateHosts: [host],
      clock: () => AT,
      ...changes,
    });
    sources.push(source);
    return source;
  }
  const status = async (source: CrlSource): Promise<string> =>
    inBrief(decideRevocation(path, await source.evidenceFor(path, AT), { at: AT }));

  it('a CRL is read once, not at each sign-in', async () => {
    const replacements: string[] = [];
    const source = open(['root.crl', 'issuing.crl'], { report: ({ outcome }) => replacements.push(outcome) });
    for (let signIn = 0; signIn < 10; signIn++) expect(await status(source)).to.equal('good');
    expect(replacements).to.deep.equal(['replaced', 'replaced']);
  });

  it('a body over the limit is aborted', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        const part = Buffer.alloc(64 * 1024);
        const send = (): void => {
          sent += part.length;
          response.write(part, (error) => !error && setImmediate(send));
        };
        response.on('close', resolve);
        send();
      };
    });
    expect(await status(open(['root.crl', `http://${host}/`], { maximumOctets: 1024 * 1024 }))).to.equal(
      'CRL_TOO_LARGE',
    );
    // The server sends without end: that it sees the connection closed is what shows the abort.
    await closed;
    expect(sent).to.be.greaterThan(1024 * 1024);
  });

  it('a slow server times out, and no other CA waits for it', async () => {
    answer = (_request, response) => void response.write('0');
    expect(await status(open(['root.crl', `http://${host}/`], { timeoutSeconds: 0.05 }))).to.equal(
      'REVOCATION_UNAVAILABLE',
    );
    // Here the server has an hour, and the sign-in does not wait.
    expect(await status(open(['root.crl', 'issuing.crl', `http://${host}/`], { timeoutSeconds: 3600 }))).to.equal(
      'good',
    );
  });
});
