/**
 * Three places that must agree on every module: the list of OpenID's modules, the table of docs/conformance.md, and the
 * names of the tests. None is missing, none is orphaned, none has a verdict without a test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { vectors } from '../support/vectors.ts';
import modules from './modules.json' with { type: 'json' };

const HERE = new URL('.', import.meta.url);
const DOCUMENT = readFileSync(new URL('../../docs/conformance.md', HERE), 'utf8');

type Plans = Readonly<Record<string, readonly string[]>>;
const listed: Plans = modules.listed;
const further: Plans = modules.further;

interface Row {
  readonly plan: string;
  readonly module: string;
  readonly verdict: string;
  readonly test: string;
}

function readTable(): Row[] {
  let plan = '';
  const rows: Row[] = [];
  for (const line of DOCUMENT.split('\n')) {
    plan = /^## (\S+)$/.exec(line)?.[1] ?? plan;
    const [, module = '', verdict = '', test = ''] = line.split('|').map((cell) => cell.trim());
    if (isModule(module)) rows.push({ plan, module, verdict, test });
  }
  return rows;
}

/** A name of a module, in a table or in a source file. */
function isModule(text: string): boolean {
  return /^(oidcc|fapi2-security-profile-final)-[\w-]+$/.test(text) && !text.endsWith('-test-plan');
}

/** The names of modules in quotation marks: a test of this folder writes each whole, and nowhere but as its title. */
function readTitles(): { readonly file: string; readonly module: string }[] {
  return readdirSync(HERE)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readFileSync(new URL(file, HERE), 'utf8').matchAll(/'([\w-]+)'/g)]
        .map(([, text = '']) => text)
        .filter(isModule)
        .map((module) => ({ file, module })),
    );
}

describe('the table of conformance modules', () => {
  const rows = readTable();

  it('has every module of every plan, in the order of the list, once', () => {
    for (const [plan, names] of Object.entries(listed)) {
      const expected = [...names, ...(further[plan] ?? [])];
      expect(rows.filter((row) => row.plan === plan).map(({ module }) => module)).to.deep.equal(expected);
    }
    expect(rows).to.have.lengthOf(Object.values(listed).flat().length + Object.values(further).flat().length);
  });

  it('has a test for each module that passes, in the file that it names, and the other way round', () => {
    const tested = rows
      .filter(({ verdict }) => verdict.startsWith('passes'))
      .map(({ module, test }) => `${test} ${module}`);
    expect(readTitles().map(({ file, module }) => `${file} ${module}`)).to.have.members(tested);
    for (const { verdict, module } of rows) expect(verdict, module).to.match(/^(passes\b|does not apply: |not yet: )/);
  });

  it('lists what OpenID lists', function () {
    const upstream = vectors('oidf-modules/op-plans.json') as
      | { readonly plans: readonly { readonly plan: string; readonly modules: readonly { readonly test: string }[] }[] }
      | undefined; // of this form, by its own description
    if (upstream === undefined) return this.skip();
    const names = upstream.plans.map(({ plan, modules: list }) => [plan, list.map(({ test }) => test)]);
    expect(Object.fromEntries(names)).to.deep.equal(listed);
  });
});
