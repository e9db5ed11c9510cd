/**
 * A running process as its operator meets it: SIGHUP, and the management listener.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type Demonstration, prepareDemonstration } from '../../src/demo/cards.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { generateKeys } from '../../src/keys-directory.ts';
import { issueTestRoot, pemOf } from '../support/authority.ts';
import { keyOf } from '../support/configuration.ts';
import { freePorts } from '../support/free-ports.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const PROFILE = new URL('../../config/profiles/demonstration.yaml', import.meta.url).pathname;
const DAY = 86_400_000;

interface Health {
  readonly httpStatus: number;
  readonly status: string;
  readonly checks: readonly Readonly<Record<string, unknown>>[];
}

describe('a running process', function () {
  this.timeout(60_000);
  let directory: string;
  let demonstration: Demonstration;
  let service: ChildProcess;
  let output = '';
  let managementPort: number;
  let settings: Readonly<Record<string, unknown>>;
  let document: Readonly<Record<string, unknown>>;
  const soon = issueTestRoot({
    subject: [{ type: 'commonName', value: 'Soon over' }],
    notBefore: new Date(Date.now() - 10 * DAY),
    notAfter: new Date(Date.now() + 10.5 * DAY),
  });
  const soonKey = keyOf(soon.certificate);

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-reload-'));
    demonstration = await prepareDemonstration(directory, new Date());
    await generateKeys(join(directory, 'keys'));
    writeFileSync(join(directory, 'soon.pem'), pemOf(soon.certificate));
    let port: number;
    let cardPort: number;
    [port, cardPort, managementPort] = await freePorts(3);
    const { root, issuing, tlsServer } = demonstration;
    document = {
      profile: PROFILE,
      trustAnchors: [
        { certificate: root.certificatePath, keySha256: readCertificateFile(root.certificatePath).publicKey.keySha256 },
      ],
      intermediates: [issuing.certificatePath],
      crls: [root.crlPath, issuing.crlPath],
    };
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
      management: { listen: { host: '127.0.0.1', port: managementPort } },
      store: 'sqlite:store',
      keys: { directory: 'keys' },
      documents: [document],
    };
    service = spawn(process.execPath, [MAIN, 'serve', '--config', write(settings)], {
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    service.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    await logged('"event":"started"');
  });
  after(async () => {
    service.kill('SIGKILL');
    if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
    rmSync(directory, { recursive: true, force: true });
  });

  function write(changed: object): string {
    const file = join(directory, 'thiqa.yaml');
    writeFileSync(file, stringify(changed));
    return file;
  }
  const configure = (changes: object): string => write({ ...settings, documents: [{ ...document, ...changes }] });
  /** Until the process has written `text` to its log, from now on. */
  async function logged(text: string, from = 0): Promise<void> {
    while (!output.slice(from).includes(text)) {
      if (service.stdout === null || service.exitCode !== null) throw new Error(output);
      await once(service.stdout, 'data');
    }
  }
  const hangUp = async (until: string): Promise<void> => {
    const from = output.length;
    service.kill('SIGHUP');
    await logged(until, from);
  };
  const ask = (path: string, method = 'GET'): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: managementPort, path, method, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
        .on('error', reject)
        .end();
    });
  const health = async (): Promise<Health> => {
    const { status, body } = await ask('/health');
    return { ...JSON.parse(body), httpStatus: status };
  };
  const troubles = (report: Health) => report.checks.filter(({ status }) => status !== 'ok');

  it('is healthy at first: every check is ok', async () => {
    const report = await health();
    expect(troubles(report)).to.deep.equal([]);
    expect(report).to.include({ httpStatus: 200, status: 'ok' });
    expect(report.checks.map(({ check }) => check)).to.deep.equal([
      'store',
      'audit',
      'certificate',
      'certificate',
      'certificate',
      'revocation',
      'revocation',
    ]);
  });

  it('tells of a trust anchor that is added and soon ends', async () => {
    const add = ['trust', 'add', join(directory, 'soon.pem'), '--profile', 'demonstration'];
    const command = [MAIN, ...add, '--config', join(directory, 'thiqa.yaml')];
    execFileSync(process.execPath, command, { env: { PATH: process.env.PATH ?? '' } });
    const report = await health();
    expect(report).to.include({ httpStatus: 200, status: 'degraded' });
    const [trouble] = troubles(report);
    expect(trouble).to.include({
      check: 'certificate',
      status: 'degraded',
      profile: 'demonstration',
      subject: soonKey,
      days_left: 10,
    });
  });

  it('on SIGHUP reads its configuration again', async () => {
    configure({ intermediates: [] });
    await hangUp('"event":"trust"');
    expect((await health()).checks.filter(({ check }) => check === 'certificate')).to.have.lengthOf(3);
    configure({});
    await hangUp('"event":"trust"');
    expect((await health()).checks.filter(({ check }) => check === 'certificate')).to.have.lengthOf(4);
  });

  it('on SIGHUP with a configuration with problems keeps its trust, and tells every problem', async () => {
    const before = (await health()).checks.filter(({ check }) => check === 'certificate');
    configure({ trustAnchors: [], intermediates: ['nowhere.pem'], crls: [] });
    const from = output.length;
    await hangUp('"event":"configuration-refused"');
    const report = await health();
    expect(report.checks.filter(({ check }) => check === 'certificate')).to.deep.equal(before);
    expect(troubles(report)).to.have.lengthOf(2);
    expect(troubles(report)[0]).to.include({ check: 'configuration', status: 'degraded', code: 'CONFIG_INVALID' });
    expect(output.slice(from)).to.include('documents.0.trustAnchors').and.to.include('documents.0.crls');
    configure({});
    await hangUp('"event":"trust"');
    expect(troubles(await health())).to.have.lengthOf(1);
  });

  it('tells of an exception to the revocation policy while it is in force', async () => {
    const { certificatePath } = demonstration.issuing;
    const until = new Date(Date.now() + 2.5 * DAY).toISOString();
    const exception = { until, reason: 'The CA has announced a failure.' };
    configure({ revocation: { issuers: [{ certificate: certificatePath, exception }] } });
    await hangUp('"event":"trust"');
    const report = await health();
    expect(report).to.include({ httpStatus: 200, status: 'degraded' });
    expect(report.checks.find(({ check }) => check === 'exception')).to.include({
      status: 'degraded',
      profile: 'demonstration',
      subject: readCertificateFile(certificatePath).publicKey.keySha256,
      days_left: 2,
    });
    configure({});
    await hangUp('"event":"trust"');
    expect((await health()).checks.filter(({ check }) => check === 'exception')).to.deep.equal([]);
  });

  it('fails its health, with 503, when nobody can sign in', async () => {
    const { crlPath } = demonstration.issuing;
    renameSync(crlPath, `${crlPath}.away`);
    const report = await health();
    renameSync(`${crlPath}.away`, crlPath);
    expect(report).to.include({ httpStatus: 503, status: 'failing' });
    expect(troubles(report)).to.deep.include({
      check: 'revocation',
      status: 'failing',
      profile: 'demonstration',
      subject: crlPath,
      message: 'no revocation information is held',
      code: 'REVOCATION_UNAVAILABLE',
    });
    expect(await health()).to.include({ httpStatus: 200 });
  });

  for (const path of ['/', '/health/', '//health', '/health?all', '/HEALTH', '/%68ealth', '/x/../health', '/healthz'])
    it(`answers 404 to ${path} on its management port`, async () => {
      expect(await ask(path)).to.deep.equal({ status: 404, body: '{"error":"not_found"}' });
    });
  it('answers 404 to anything but a reading', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) expect(await ask('/health', method)).to.include({ status: 404 });
  });
});
