/**
 * `thiqa serve` as an operator meets it: a process, its exit code, and what it prints.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type Demonstration, prepareDemonstration } from '../../src/demo/cards.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { generateKeys } from '../../src/keys-directory.ts';
import { freePorts } from '../support/free-ports.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url).pathname;

describe('thiqa serve', function () {
  this.timeout(30_000);
  let directory: string;
  let demonstration: Demonstration;
  let settings: Record<string, unknown>;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-serve-'));
    demonstration = await prepareDemonstration(directory, new Date());
    await generateKeys(join(directory, 'keys'));
    const [port, cardPort] = await freePorts(2);
    const { root, issuing, tlsServer } = demonstration;
    settings = {
      issuer: `http://localhost:${port}`,
      listen: { host: '127.0.0.1', port },
      cardHost: {
        domain: 'card.localhost',
        publicPort: cardPort,
        listen: { host: '127.0.0.1', port: cardPort },
        mode: 'tls',
        tls: { certificate: tlsServer.certificatePath, key: tlsServer.keyPath },
      },
      store: 'sqlite:store',
      keys: { directory: 'keys' },
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
    };
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
    return { child, ended, output: () => output };
  };
  const serve = (
    changes: Readonly<Record<string, unknown>> = {},
    environment: Readonly<Record<string, string>> = {},
  ) => {
    const file = join(directory, 'thiqa.yaml');
    writeFileSync(file, stringify({ ...settings, ...changes }));
    return run(['serve', '--config', file], environment);
  };
  const started = async (service: ReturnType<typeof serve>): Promise<void> => {
    while (!service.output().includes('"event":"started"')) {
      await Promise.race([once(service.child.stdout ?? service.child, 'data'), service.ended]);
      if (service.child.exitCode !== null) throw new Error(service.output());
    }
  };

  it('answers at its issuer, and on SIGTERM drains and ends with 0', async () => {
    const service = serve();
    await started(service);
    const discovery = await (await fetch(`${settings.issuer}/.well-known/openid-configuration`)).json();
    expect(discovery).to.include({ issuer: settings.issuer });
    service.child.kill('SIGTERM');
    const { code, output } = await service.ended;
    expect(code).to.equal(0);
    expect(output).to.include('"event":"stopped"');
    const verified = await run(['audit', 'verify', '--config', join(directory, 'thiqa.yaml')]).ended;
    // Two keys and the subject key at the first start; started; stopped.
    expect(JSON.parse(verified.output)).to.include({ verdict: 'whole', records: 5 });
  });

  it('names every problem of the configuration with its path, ends with 78, and starts nothing', async () => {
    const { code, output } = await serve({
      issuer: 'http://id.example.ma/',
      unknown: 1,
      cardHost: { domain: 'card.localhost', listen: { host: '127.0.0.1', port: 99_999 }, mode: 'header' },
      documents: [
        { profile: 'nowhere.yaml', trustAnchors: [{ certificate: 'nowhere.pem', keySha256: 'x' }], crls: [] },
      ],
    }).ended;
    expect(code).to.equal(78);
    for (const path of [
      'issuer',
      'unknown',
      'cardHost.listen.port',
      'cardHost.header',
      'documents.0.trustAnchors.0.keySha256',
      'documents.0.crls',
    ]) {
      expect(output).to.include(path);
    }
    expect(output).not.to.match(/\n\s+at /);
    expect(output).not.to.include('"event":"started"');
  });

  it('does not start without its keys, and says how to make them', async () => {
    const { code, output } = await serve({ keys: { directory: 'none' } }).ended;
    expect(code).to.equal(78);
    expect(output).to.include('keys generate');
  });

  it('does not start in header mode without a list of trusted peers (S1)', async () => {
    const header = {
      ...(settings.cardHost as object),
      mode: 'header',
      header: { preset: 'rfc9440', trustedPeers: [] },
    };
    const { code, output } = await serve({ cardHost: header }).ended;
    expect(code).to.equal(78);
    expect(output).to.include('cardHost.header.trustedPeers');
  });

  it('has virtual cards in a sandbox only; elsewhere their addresses answer 404', async () => {
    const paths = ['virtual-card.js', 'card-key.js', 'dialogue'].map((name) => `/sandbox/virtual-card/${name}`);
    const statuses = () =>
      Promise.all(paths.map(async (path) => (await fetch(new URL(path, String(settings.issuer)))).status));
    const service = serve();
    await started(service);
    expect(await statuses()).to.deep.equal([404, 404, 404]);
    service.child.kill('SIGTERM');
    await service.ended;
    const sandbox = serve({ sandbox: { virtualCards: true } });
    await started(sandbox);
    expect(await statuses()).to.deep.equal([200, 200, 200]);
  });

  it('does not start as a sandbox where the issuer is not on loopback, unless that is meant', async () => {
    const { code, output } = await serve({ issuer: 'https://id.example.ma', sandbox: { virtualCards: true } }).ended;
    expect(code).to.equal(78);
    expect(output).to.include('sandbox.publicIssuer');
  });

  it('says in one line which port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) =>
      other.listen((settings.listen as { port: number }).port, '127.0.0.1', resolve),
    );
    const { code, output } = await serve().ended;
    other.close();
    expect(code).to.equal(78);
    const lines = output.trim().split('\n');
    expect(lines.filter((line) => !line.includes('"event":"first-start"'))).to.have.length(1);
    expect(output).to.match(/port \d+ of the issuer/);
  });

  it('takes a setting from the environment as from the file (S21)', async () => {
    const fromFile = await serve({ issuer: 'http://id.example.ma' }).ended;
    const fromEnvironment = await serve({}, { THIQA_ISSUER: 'http://id.example.ma' }).ended;
    expect(fromEnvironment).to.deep.equal(fromFile);
    expect(fromFile.code).to.equal(78);
  });

  it('registers a portal once, shows its secret once, and lists it', async () => {
    const config = join(directory, 'thiqa.yaml');
    writeFileSync(config, stringify(settings));
    const registration = join(directory, 'portal.yaml');
    writeFileSync(
      registration,
      stringify({
        client_id: 'civil-status',
        name: { fr: 'État civil', ar: 'الحالة المدنية' },
        sector: 'etat-civil.example.ma',
        redirect_uris: ['https://etat-civil.example.ma/callback'],
        token_endpoint_auth_method: 'client_secret_basic',
        claims: ['name', 'birthdate'],
        purpose: { fr: 'Délivrer un extrait.' },
      }),
    );
    const registered = await run(['portal', 'register', registration, '--config', config]).ended;
    expect(registered.code).to.equal(0);
    expect(JSON.parse(registered.output).client_secret).to.match(/^[A-Za-z0-9_-]{43}$/);
    const again = await run(['portal', 'register', registration, '--config', config]).ended;
    expect(again.code).to.equal(2);
    expect(JSON.parse(again.output)).to.include({ code: 'PORTAL_EXISTS' });
    const listed = await run(['portal', 'list', '--config', config]).ended;
    expect(JSON.parse(listed.output)).to.deep.include({
      client_id: 'civil-status',
      claims: ['name', 'birthdate'],
      status: 'active',
    });
    expect(listed.output).not.to.include(JSON.parse(registered.output).client_secret);
  });
});
