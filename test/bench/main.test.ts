/**
 * The command `npm run bench`: what it lists, refuses and prints. How fast anything is, no test says.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { databaseServerNeeds } from '../support/database-server.ts';
import { MONGODB_URL } from '../support/mongo-database.ts';

interface Run {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function runBench(...parameters: readonly string[]): Promise<Run> {
  const script = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...parameters], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

/** Names in the first column of the list. */
function namesIn(list: string): string[] {
  return [...list.matchAll(/^ {2}(\S+) /gm)].map(([, name]) => name ?? '');
}

describe('npm run bench', () => {
  it('lists the benches when none is named', async () => {
    const { code, stdout } = await runBench();
    expect(code).to.equal(0);
    expect(namesIn(stdout)).to.include.members([
      'path',
      'crl',
      'sign-in',
      'tls',
      'store',
      'workers',
      'memory',
      'grown',
    ]);
  });

  for (const parameters of [['unknown'], ['constructor'], ['path', 'crl'], ['path', '--fast']]) {
    it(`refuses ${parameters.join(' ')} with status 2 and the list`, async () => {
      const { code, stdout, stderr } = await runBench(...parameters);
      expect(code).to.equal(2);
      expect(stdout).to.equal('');
      expect(namesIn(stderr)).to.include.members(['path', 'crl']);
    });
  }

  it('prints one JSON object and nothing else with --json', async () => {
    const { code, stdout } = await runBench('path', '--quick', '--json');
    expect(code).to.equal(0);
    const result: Record<string, unknown> = JSON.parse(stdout);
    expect(result).to.have.all.keys('ratios', 'goals', 'met');
    expect(result.goals).to.deep.equal({ 'path-p384': 0.25, 'path-rsa': 0.125 });
    expect(result.ratios).to.have.all.keys('path-p384', 'path-rsa');
    for (const ratio of Object.values(result.ratios as object)) expect(ratio).to.be.a('number').above(0);
    expect(result.met).to.be.a('boolean');
  });

  /** As the bench finds out where it is quick, and so installs nothing. */
  const withMongoDatabase = MONGODB_URL !== undefined || databaseServerNeeds() === undefined;
  for (const [name, goals] of Object.entries({
    'sign-in': { 'sign-in-rate': 0.6, 'sign-in-rate-repeat': 0.7 },
    tls: { 'tls-cpu': 1, 'tls-memory-growth': 1.1 },
    grown: { 'grown-cpu': 1.1 },
    store: { 'store-sqlite-cpu': 1.4, ...(withMongoDatabase && { 'store-mongodb-cpu': 2 }) },
  })) {
    it(`${name} signs citizens in on every side, and compares`, async () => {
      const { code, stdout } = await runBench(name, '--quick', '--json');
      expect(code).to.equal(0);
      const result: Record<string, unknown> = JSON.parse(stdout);
      expect(result.goals).to.deep.equal(goals);
      for (const ratio of Object.values(result.ratios as object)) expect(ratio).to.be.a('number').above(0);
    });
  }

  it('prints a table with a line for each goal', async () => {
    const { code, stdout } = await runBench('path', '--quick');
    expect(code).to.equal(0);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head?.split(/\s+/)).to.deep.equal(['name', 'ours', 'other', 'ratio', 'goal', 'met']);
    expect(lines.map((line) => line.split(' ')[0])).to.deep.equal(['path-p384', 'path-rsa']);
  });
});
