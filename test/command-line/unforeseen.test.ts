/**
 * An error that nobody catches, in a process of its own: what an operator's log then holds.
 */
import { execFile } from 'node:child_process';
import { expect } from 'chai';

const TERMINAL = new URL('../../src/command-line/terminal.ts', import.meta.url).href;
const LOG = new URL('../../src/operations/log.ts', import.meta.url).href;
const SECRET = 'ZZ100001';

function run(fault: string): Promise<{ readonly code: unknown; readonly output: string }> {
  const script = `
    import { endOnUnforeseen } from '${TERMINAL}';
    import { createLog } from '${LOG}';
    endOnUnforeseen(createLog('info'));
    setInterval(() => undefined, 1000);
    ${fault}`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

describe('an error that nobody foresaw', () => {
  for (const [what, fault] of [
    ['thrown', `setTimeout(() => { throw new RangeError('no such number: ${SECRET}'); });`],
    ['a rejection that nobody awaits', `Promise.reject(new RangeError('no such number: ${SECRET}'));`],
    ['no error at all', `Promise.reject('${SECRET}');`],
  ] as const) {
    it(`ends the process, on one line of the log that quotes nothing: ${what}`, async () => {
      const { code, output } = await run(fault);
      expect(code).to.equal(1);
      expect(output).not.to.include(SECRET);
      expect(JSON.parse(output)).to.include({ event: 'unforeseen', level: 50 });
    });
  }
});
