/**
 * The host of a portal on loopback, over https under a CA of its own: what it serves is set by path.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { pemOf } from './authority.ts';

export interface PortalHost {
  /** `localhost:port`, as in `sandbox.portalHosts`. */
  readonly host: string;
  /** PEM of its CA, and a file with it. */
  readonly authority: string;
  readonly authorityFile: string;
  /** Path -> answer; a path that is not there is answered with 404. */
  readonly answers: Map<string, { readonly status?: number; readonly location?: string; readonly body: string }>;
  /** The paths that were asked for. */
  readonly requests: string[];
  /** Connections so far, whatever came of them. */
  connections(): number;
  close(): Promise<void>;
}

export async function startPortalHost(): Promise<PortalHost> {
  const now = new Date();
  const [root, keys] = [createTlsRoot(now), generateKeys()];
  const authority = pemOf(root.certificate);
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-portal-'));
  const authorityFile = join(folder, 'root.pem');
  writeFileSync(authorityFile, authority);
  const answers: PortalHost['answers'] = new Map();
  const requests: string[] = [];
  let connections = 0;
  const server = createServer({
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: pemOf(issueServerCertificate(root, keys.publicKey, now)),
  });
  server.on('request', (request, response) => {
    requests.push(request.url ?? '');
    const { status = 200, location, body } = answers.get(request.url ?? '') ?? { status: 404, body: '' };
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(location !== undefined && { location }),
    });
    response.end(body);
  });
  server.on('connection', () => {
    connections++;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's address is an object
  return {
    host: `localhost:${port}`,
    authority,
    authorityFile,
    answers,
    requests,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
