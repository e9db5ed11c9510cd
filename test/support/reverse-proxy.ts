/**
 * Real nginx with the configuration that we ship in config/nginx/, on a socket of its own: only names, ports and paths
 * are replaced, each of which must be found, so that a change of the files cannot pass untested.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ProxyPreset } from '../../src/authentication/proxy-certificate.ts';
import { findProgram } from './tools.ts';

const SHIPPED = new URL('../../config/nginx/', import.meta.url);
const CARD_HOST_FILE: Readonly<Record<ProxyPreset, string>> = {
  rfc9440: 'card-host.conf',
  nginx: 'card-host-escaped.conf',
};

export const ISSUER_NAME = 'id.localhost';
export const CARD_DOMAIN = 'card.localhost';

export interface ReverseProxyOptions {
  readonly preset: ProxyPreset;
  /** Where the service listens on 127.0.0.1. */
  readonly issuerPort: number;
  readonly cardPort: number;
  /** PEM of a server certificate for both names, and of its key. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** PEM of the roots and issuing CAs of the cards. */
  readonly cardIssuersPem: string;
}

export interface ReverseProxy {
  /** A TLS connection whose handshake is complete. */
  connect(servername: string, options?: ConnectionOptions): Promise<TLSSocket>;
  stop(): Promise<void>;
}

export async function startReverseProxy(options: ReverseProxyOptions): Promise<ReverseProxy> {
  const program = findProgram('nginx');
  if (program === undefined) throw new TypeError('nginx is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-nginx-'));
  const socketPath = join(folder, 'tls.sock');
  writeConfiguration(folder, socketPath, options);
  const process = spawn(
    program,
    ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaints = '';
  process.stderr.on('data', (octets) => {
    complaints += octets;
  });
  const proxy: ReverseProxy = {
    async connect(servername, connectionOptions = {}) {
      const socket = connect({
        path: socketPath,
        servername,
        rejectUnauthorized: false,
        ...connectionOptions,
      });
      await once(socket, 'secureConnect');
      return socket;
    },
    async stop() {
      if (process.exitCode === null) {
        const ended = once(process, 'exit');
        process.kill('SIGTERM');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilItAnswers(proxy, process, () => complaints);
    return proxy;
  } catch (error) {
    await proxy.stop();
    throw error;
  }
}

async function untilItAnswers(proxy: ReverseProxy, process: ChildProcess, complaints: () => string): Promise<void> {
  for (let attempt = 0; attempt < 250; attempt++) {
    if (process.exitCode !== null) break;
    try {
      (await proxy.connect(ISSUER_NAME)).destroy();
      return;
    } catch {
      // Not yet.
      await delay(20);
    }
  }
  throw new Error(`nginx does not answer: ${complaints()}`);
}

function writeConfiguration(folder: string, socketPath: string, options: ReverseProxyOptions): void {
  cpSync(SHIPPED, folder, { recursive: true });
  const files = {
    'tls.pem': options.certificatePem,
    'tls.key.pem': options.privateKeyPem,
    'card-issuers.pem': options.cardIssuersPem,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });

  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const replacements: readonly (readonly [string, string])[] = [
    ['user nginx;', ''],
    ['worker_processes auto;', 'worker_processes 1;'],
    ['/tmp/nginx.pid', join(folder, 'nginx.pid')],
    ['/dev/stdout', join(folder, 'access.log')],
    ['http {', `http {\n${temporary.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join('\n')}`],
    ['/run/secrets/tls-certificate', join(folder, 'tls.pem')],
    ['/run/secrets/tls-key', join(folder, 'tls.key.pem')],
    ['/etc/nginx/trust/card-issuers.pem', join(folder, 'card-issuers.pem')],
    ['/etc/nginx/thiqa/card-host.conf', join(folder, CARD_HOST_FILE[options.preset])],
    ['/etc/nginx/thiqa', folder],
    ['listen 443', `listen unix:${socketPath}`],
    ['server_name id.example.ma', `server_name ${ISSUER_NAME}`],
    ['server_name *.card.example.ma', `server_name *.${CARD_DOMAIN}`],
    ['http://thiqa:4000', `http://127.0.0.1:${options.issuerPort}`],
    ['http://thiqa:4443', `http://127.0.0.1:${options.cardPort}`],
  ];
  const unused = new Set(replacements.map(([shipped]) => shipped));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.conf'))) {
    let text = readFileSync(join(folder, name), 'utf8');
    for (const [shipped, ours] of replacements) {
      if (!text.includes(shipped)) continue;
      unused.delete(shipped);
      text = text.replaceAll(shipped, ours);
    }
    writeFileSync(join(folder, name), text);
  }
  if (unused.size > 0) throw new TypeError(`config/nginx no longer contains: ${[...unused].join(', ')}`);
}
