/**
 * `npm run bench -- NAME [--json] [--quick]`: measures, and prints a table; with --json one object and nothing else.
 * A goal that is not met is a result, not a failure: the exit status says only whether the bench could be run.
 */
import { parseArgs } from 'node:util';
import { type Bench, type Comparison, type Figures, PACE, QUICK_PACE } from './measure.ts';

/** Loaded when asked for: a bench need not bear what another one imports. */
const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  path: () => import('./path.ts'),
  crl: () => import('./crl.ts'),
  'sign-in': () => import('./sign-in.ts'),
  tls: () => import('./tls.ts'),
  store: () => import('./store.ts'),
  workers: () => import('./workers.ts'),
  memory: () => import('./memory.ts'),
  grown: () => import('./grown.ts'),
};

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parseCommandLine>;
  try {
    parsed = parseCommandLine();
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { positionals, values } = parsed;
  const [name, ...rest] = positionals;
  if (name === undefined) {
    process.stdout.write(`npm run bench -- NAME [--json] [--quick]\n${await listOfBenches()}`);
    return 0;
  }
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (load === undefined || rest.length > 0) return refuse(`no such bench: ${positionals.join(' ')}`);

  const { bench } = await load();
  const tell = (figures: Figures): void => {
    if (!values.json) process.stdout.write(`${aligned(figures)}\n`);
  };
  const comparisons = await bench.run(values.quick ? QUICK_PACE : PACE, tell);
  process.stdout.write(values.json ? `${JSON.stringify(asObject(comparisons))}\n` : tableOf(comparisons));
  return 0;
}

function parseCommandLine() {
  return parseArgs({
    options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
}

async function refuse(problem: string): Promise<number> {
  process.stderr.write(`${problem}\nThe benches:\n${await listOfBenches()}`);
  return 2;
}

async function listOfBenches(): Promise<string> {
  const lines = Object.entries(BENCHES).map(
    async ([name, load]) => `  ${name.padEnd(8)} ${(await load()).bench.title}\n`,
  );
  return (await Promise.all(lines)).join('');
}

function asObject(comparisons: readonly Comparison[]) {
  return {
    ratios: Object.fromEntries(comparisons.map(({ name, ratio }) => [name, round(ratio)])),
    goals: Object.fromEntries(comparisons.map(({ name, goal }) => [name, goal])),
    met: comparisons.every(isMet),
  };
}

/** As printed, so that no figure looks met and is not. */
function isMet({ ratio, goal, isLeast = false }: Comparison): boolean {
  return isLeast ? round(ratio) >= goal : round(ratio) <= goal;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function tableOf(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((line) => [
    line.name,
    `${round(line.ours)} ${line.unit}`,
    `${round(line.other)} ${line.unit}`,
    String(round(line.ratio)),
    `${line.isLeast ? '>=' : '<='} ${line.goal}`,
    isMet(line) ? 'yes' : 'NO',
  ]);
  return aligned([['name', 'ours', 'other', 'ratio', 'goal', 'met'], ...rows]);
}

function aligned(table: Figures): string {
  const widths = table.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(cell.length, widest[i] ?? 0)),
    [],
  );
  return table
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

process.exitCode = await main();
