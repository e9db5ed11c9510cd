import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CertificateError, ServiceError } from '../../src/errors.ts';
import type { Log } from '../../src/operations/log.ts';
import { openLogFile } from '../support/log-file.ts';

/** Stands for whatever a person sent: it must be in no line. */
const SECRET = 'PNOMA-ZZ987654';

let folder: string;
let count = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thiqa-log-'));
});
after(() => rm(folder, { recursive: true }));

type Line = Readonly<Record<string, unknown>>;

/** The lines that `write` leaves, in order. */
async function written(write: (log: Log) => void, level: 'info' | 'error' = 'info'): Promise<readonly Line[]> {
  const file = openLogFile(join(folder, `log-${count++}.ndjson`), level);
  write(file.log);
  const lines = (await file.close()).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Line); // pino writes objects
}

async function refused(error: unknown, code = 'INTERNAL'): Promise<Line> {
  const [line = {}] = await written((log) => log.refusal('r-1', code, error));
  return line;
}

describe('the log: one JSON object a line', () => {
  it('an event with its fields', async () => {
    const [line] = await written((log) => log.info('started', { issuer: 'https://id.example.ma' }));
    expect(line).to.include({ event: 'started', issuer: 'https://id.example.ma' });
    expect(line?.time).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it('a request by its route, not by its address', async () => {
    const [line] = await written((log) => log.request('r-1', 'GET', '/auth/:uid/sign-in', 200, 12));
    expect(line).to.include({
      event: 'request',
      reference: 'r-1',
      method: 'GET',
      route: '/auth/:uid/sign-in',
      status: 200,
    });
  });

  it('names neither process nor machine', async () => {
    const [line] = await written((log) => log.info('started'));
    expect(line).to.not.have.any.keys('pid', 'hostname');
  });

  it('a text cannot begin a line of its own', async () => {
    expect(await written((log) => log.info('a\n{"event":"forged"}'))).to.have.lengthOf(1);
  });

  it('below its level it is silent', async () => {
    expect(await written((log) => log.info('started'), 'error')).to.deep.equal([]);
  });
});

describe('the log on a disk that is full', () => {
  it('holds up neither the process nor its end', async function () {
    if (!existsSync('/dev/full')) return this.skip(); // each write to it fails with ENOSPC, on Linux
    const program = `
      const { createLog } = await import('${new URL('../../src/operations/log.ts', import.meta.url).href}');
      const log = createLog('info', '/dev/full');
      for (let turn = 0; turn < 20; turn++) {
        log.info('turn');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      process.exit(7);`;
    const ending = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const args = ['--input-type=module', '--eval', program];
      const child = execFile(process.execPath, args, { timeout: 10_000 }, (_error, _stdout, stderr) =>
        resolve({ code: child.exitCode, stderr }),
      );
    });
    expect(ending).to.deep.equal({ code: 7, stderr: '' });
  });
});

describe('the log of a refusal', () => {
  it('of ours shows code, message and detail, which carry nothing personal by rule', async () => {
    const error = new CertificateError('CERT_EXPIRED', 'a certificate has expired', { detail: { depth: 0 } });
    expect(await refused(error, 'CERT_EXPIRED')).to.deep.include({
      event: 'refusal',
      reference: 'r-1',
      code: 'CERT_EXPIRED',
      error: {
        class: 'CertificateError',
        code: 'CERT_EXPIRED',
        message: 'a certificate has expired',
        detail: { depth: 0 },
      },
    });
  });

  it('is an error of the service when it is INTERNAL or something is unavailable, else an everyday event', async () => {
    const levelOf = async (code: string): Promise<unknown> => (await refused(new Error('x'), code)).level;
    expect(await levelOf('CERT_EXPIRED')).to.equal(30);
    expect(await levelOf('INTERNAL')).to.equal(50);
    expect(await levelOf('AUDIT_UNAVAILABLE')).to.equal(50);
    expect(await levelOf('REVOCATION_UNAVAILABLE')).to.equal(50);
  });

  for (const message of ['', 'x', 'two\nlines', 'with: a colon']) {
    it(`of a foreign error shows its class and where it was thrown, whatever its message: ${JSON.stringify(message)}`, async () => {
      const error = (await refused(new RangeError(message))).error as Line; // written by `describe`
      expect(error).to.have.property('class', 'RangeError');
      expect(error).to.not.have.property('message');
      expect(error.frames).to.be.an('array').that.is.not.empty;
      expect(error.frames).to.satisfy((frames: readonly string[]) => frames.every((frame) => frame.startsWith('at ')));
    });
  }
});

describe('what a person sent is in no line', () => {
  const withMessage = (message: string): Error => {
    const error = new Error('first text');
    error.message = message;
    return error;
  };
  const errors: Readonly<Record<string, unknown>> = {
    'a foreign error': new Error(`cannot parse ${SECRET}`),
    'a foreign error whose message looks like a stack frame': new Error(`x\n    at ${SECRET} (file:///a.ts:1:1)`),
    'a foreign error whose message was replaced': withMessage(SECRET),
    'a foreign error with further properties': Object.assign(new Error('x'), { input: SECRET, value: [SECRET] }),
    'the cause of an error of ours': new ServiceError('STORE_UNAVAILABLE', 'no', { cause: new Error(SECRET) }),
    'the cause of a cause': new ServiceError('INTERNAL', 'no', { cause: new Error('x', { cause: new Error(SECRET) }) }),
    'a thrown text': SECRET,
    'a thrown object': { message: SECRET },
    'a cause that is a text': new ServiceError('INTERNAL', 'no', { cause: SECRET }),
    'a cause that is an object': new ServiceError('INTERNAL', 'no', { cause: { number: SECRET } }),
    'an error of a JSON parser': (() => {
      try {
        return JSON.parse(`{"a":"${SECRET}",}`);
      } catch (error) {
        return error;
      }
    })(),
    'the name of a foreign error': Object.assign(new Error('x'), { name: `Error ${SECRET}` }),
    'an error whose stack was replaced': Object.assign(new Error('x'), { stack: `    at ${SECRET}` }),
  };
  for (const [where, error] of Object.entries(errors)) {
    it(where, async () => {
      const lines = await written((log) => {
        log.refusal('r-1', 'INTERNAL', error);
        log.failure('sweep', error);
      });
      expect(lines).to.have.lengthOf(2);
      expect(JSON.stringify(lines)).to.not.include(SECRET);
    });
  }

  it('a chain of causes that has no end is cut', async () => {
    const error = new Error('x');
    error.cause = error;
    expect(JSON.stringify(await refused(error)).length).to.be.lessThan(10_000);
  });
});
