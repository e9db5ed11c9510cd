/**
 * The host of a portal on loopback, over https under a CA of its own: what it serves is set by path.
 */
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { pemOf } from './authority.ts';

export interface PortalAnswer {
  readonly status?: number;
  readonly location?: string;
  readonly body: string;
  /** The request is taken, and never answered. */
  readonly hangs?: true;
}

export interface PortalHost {
  /** `localhost:port`, as in `sandbox.portalHosts`. */
  readonly host: string;
  /** PEM of its CA, and a file with it. */
  readonly authority: string;
  readonly authorityFile: string;
  /** Path -> answer; a path that is not there is answered with 404. */
  readonly answers: Map<string, PortalAnswer>;
  /** The paths that were asked for. */
  readonly requests: string[];
  /** What was posted to a path, when there are `count` of it. */
  posted(path: string, count?: number): Promise<readonly URLSearchParams[]>;
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
  const posts: { readonly path: string; readonly form: URLSearchParams }[] = [];
  const news = new EventEmitter();
  let connections = 0;
  const server = createServer({
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: pemOf(issueServerCertificate(root, keys.publicKey, now)),
  });
  server.on('request', async (request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const { status = 200, location, body, hangs }: PortalAnswer = answers.get(path) ?? { status: 404, body: '' };
    if (request.method === 'POST') {
      posts.push({ path, form: new URLSearchParams(await readText(request)) });
      news.emit('posted');
    }
    if (hangs) return;
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
    async posted(path, count = 1) {
      for (;;) {
        const ofPath = posts.filter((post) => post.path === path);
        if (ofPath.length >= count) return ofPath.map(({ form }) => form);
        await once(news, 'posted');
      }
    },
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
