/**
 * `thiqa serve` in processes of its own, with the demonstration's authority and one portal, which sends what it is told
 * to: a code may be redeemed twice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { AuditRecord } from '../../src/audit/hash-chain.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config.ts';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { prepareDemonstration } from '../../src/demo/cards.ts';
import { exchange, type PageResponse, type SoftwareCard } from '../../src/demo/page-exchange.ts';
import { bodyAttribute, findAction } from '../../src/demo/page-reading.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { generateKeys } from '../../src/keys-directory.ts';
import { onboardingPorts } from '../../src/onboarding.ts';
import { registerPortal } from '../../src/relying-party/register-portal.ts';
import { openStore } from '../../src/store/open-store.ts';
import { Citizen, redirectOf } from './citizen.ts';
import { freePorts } from './free-ports.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url).pathname;
const REDIRECT_URI = 'https://portal.example.ma/callback';
const CLIENT_ID = 'workers-portal';

export type Settings = Readonly<Record<string, unknown>>;
/** One line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A citizen's consent led to a code. */
export interface IssuedCode {
  readonly code: string;
  readonly codeVerifier: string;
}

/** Everything that a service needs, in a folder; nothing runs. */
export class ServedService {
  readonly directory: string;
  readonly settings: Settings;
  readonly managementPort: number;
  readonly #cards: ReadonlyMap<string, { readonly certificatePem: string; readonly keyPem: string }>;
  readonly tlsRootPem: string;
  readonly #clientSecret: string;
  readonly #running: ServeProcess[] = [];

  private constructor(
    directory: string,
    settings: Settings,
    managementPort: number,
    demonstration: Awaited<ReturnType<typeof prepareDemonstration>>,
    clientSecret: string,
  ) {
    this.directory = directory;
    this.settings = settings;
    this.managementPort = managementPort;
    this.#clientSecret = clientSecret;
    this.tlsRootPem = readFileSync(demonstration.tlsRoot.certificatePath, 'utf8');
    this.#cards = new Map(
      demonstration.cards.map(({ id, certificatePath, keyPath }) => [
        id,
        { certificatePem: readFileSync(certificatePath, 'utf8'), keyPem: readFileSync(keyPath, 'utf8') },
      ]),
    );
  }

  static async prepare(changes: Settings = {}): Promise<ServedService> {
    const directory = mkdtempSync(join(tmpdir(), 'thiqa-workers-'));
    const demonstration = await prepareDemonstration(directory, new Date());
    await generateKeys(join(directory, 'keys'));
    const [port, cardPort, managementPort] = await freePorts(3);
    const { root, issuing, tlsServer } = demonstration;
    const settings = {
      issuer: `http://localhost:${port}`,
      listen: { host: '127.0.0.1', port },
      cardHost: {
        domain: 'card.localhost',
        publicPort: cardPort,
        listen: { host: '127.0.0.1', port: cardPort },
        mode: 'tls',
        tls: { certificate: tlsServer.certificatePath, key: tlsServer.keyPath },
      },
      management: { listen: { host: '127.0.0.1', port: managementPort } },
      store: 'sqlite:store',
      keys: { directory: 'keys' },
      limits: { enabled: false },
      documents: [
        {
          profile: PROFILE,
          trustAnchors: [
            {
              certificate: root.certificatePath,
              keySha256: readCertificateFile(root.certificatePath).publicKey.keySha256,
            },
          ],
          intermediates: [issuing.certificatePath],
          crls: [root.crlPath, issuing.crlPath],
        },
      ],
      workers: 2,
      ...changes,
    };
    writeFileSync(join(directory, 'thiqa.yaml'), stringify(settings));
    const config = loadConfig(join(directory, 'thiqa.yaml'), {});
    const store = await openStore(config.store);
    const text = { fr: 'Portail', ar: 'بوابة', en: 'Portal' };
    const { clientSecret = '' } = await registerPortal(
      {
        client_id: CLIENT_ID,
        name: text,
        sector: 'portal.example.ma',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'client_secret_basic',
        claims: ['name'],
        purpose: text,
      },
      await onboardingPorts({ config, store, audit: new AuditLog(store.audit, systemClock), clock: systemClock }),
    );
    await store.close();
    return new ServedService(directory, settings, managementPort, demonstration, clientSecret);
  }

  card(id: CardId): SoftwareCard {
    const card = this.#cards.get(id);
    if (card === undefined) throw new TypeError(`the demonstration has no card ${id}`);
    return card;
  }

  /** Writes the configuration again. */
  configure(changes: Settings): void {
    writeFileSync(join(this.directory, 'thiqa.yaml'), stringify({ ...this.settings, ...changes }));
  }

  serve(...args: readonly string[]): ServeProcess {
    return this.serveWith([], ...args);
  }

  /** @param nodeOptions of the process, and of its workers */
  serveWith(nodeOptions: readonly string[], ...args: readonly string[]): ServeProcess {
    const command = ['serve', '--config', join(this.directory, 'thiqa.yaml'), ...args];
    const process = new ServeProcess(command, nodeOptions);
    this.#running.push(process);
    return process;
  }

  /** From the authorization request to the code, each request on a connection of its own. */
  async signIn(card: CardId = 'valid'): Promise<IssuedCode> {
    const citizen = new Citizen({ tlsRootPem: this.tlsRootPem, card: this.card(card) });
    const codeVerifier = randomBytes(32).toString('base64url');
    const request = new URL('/auth', String(this.settings.issuer));
    request.search = new URLSearchParams({
      client_id: CLIENT_ID,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile',
      state: randomBytes(16).toString('base64url'),
      nonce: randomBytes(16).toString('base64url'),
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString();
    const isBack = (next: URL): boolean => next.href.startsWith(REDIRECT_URI);
    let page = await citizen.follow(await citizen.send('GET', request), isBack);
    for (;;) {
      const back = redirectOf(page);
      if (back !== undefined) {
        const code = back.searchParams.get('code');
        if (code === null) throw new Error(`the sign-in was refused: ${back.searchParams.get('error')}`);
        return { code, codeVerifier };
      }
      const button = ['present-card', 'consent'].find((name) => findAction(page.body, name, page.url) !== undefined);
      if (button === undefined) {
        const code = bodyAttribute(page.body, 'data-code') ?? '';
        throw new Error(`no way on from ${page.url.pathname}: ${page.status} ${code}`);
      }
      page = await citizen.follow(await citizen.press(page, button), isBack);
    }
  }

  /** At the token endpoint. Rejects when there is no answer. */
  redeem({ code, codeVerifier }: IssuedCode): Promise<PageResponse> {
    const url = new URL('/token', String(this.settings.issuer));
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: codeVerifier,
    }).toString();
    const credentials = Buffer.from(`${CLIENT_ID}:${encodeURIComponent(this.#clientSecret)}`).toString('base64');
    const headers = { Authorization: `Basic ${credentials}` };
    return exchange({ method: 'POST', url, headers, body }, { tlsRootPem: this.tlsRootPem });
  }

  async health(): Promise<{ readonly status: number; readonly body: HealthDocument }> {
    const url = new URL(`http://127.0.0.1:${this.managementPort}/health`);
    const { status, body } = await exchange({ method: 'GET', url, headers: {} }, { tlsRootPem: this.tlsRootPem });
    return { status, body: JSON.parse(body) };
  }

  /** Every audit record, with the chain verified. */
  async auditRecords(): Promise<readonly AuditRecord[]> {
    const store = await openStore(loadConfig(join(this.directory, 'thiqa.yaml'), {}).store);
    try {
      await new AuditLog(store.audit, systemClock).verify();
      return await store.audit.read(0, 100_000);
    } finally {
      await store.close();
    }
  }

  /** Ends what still runs and removes the folder. */
  async dispose(): Promise<void> {
    for (const process of this.#running) await process.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface HealthDocument {
  readonly status: string;
  readonly checks: readonly Readonly<Record<string, unknown>>[];
}

export class ServeProcess {
  readonly child: ChildProcess;
  /** Exit code, or null where a signal ended it. */
  readonly ended: Promise<number | null>;
  output = '';

  constructor(args: readonly string[], nodeOptions: readonly string[] = []) {
    this.child = spawn(process.execPath, [...nodeOptions, MAIN, ...args], {
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8');
      });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  lines(event: string, from = 0): LogLine[] {
    return this.output
      .slice(from)
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line) => JSON.parse(line));
  }

  /** Resolves with the lines of `event` when there are `count`, from a place of the output on. */
  async logged(event: string, count = 1, from = 0): Promise<LogLine[]> {
    for (;;) {
      const found = this.lines(event, from);
      if (found.length >= count) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(this.output);
      await Promise.race([once(this.child.stdout ?? this.child, 'data'), this.ended]);
    }
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }
}
