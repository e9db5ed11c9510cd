import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('thiqa check', () => {
  it('ends without a complaint when its reader has enough', async () => {
    const child = spawn(process.execPath, [MAIN, 'check', 'certificate', '--input', '-']);
    let complaints = '';
    child.stderr.on('data', (text: Buffer) => {
      complaints += text.toString();
    });
    // What is still unread when the command ends.
    child.stdin.on('error', () => undefined);
    child.stdin.end('{"id":1}\n'.repeat(20_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'exit');
    expect([code, complaints]).to.deep.equal([0, '']);
  }).timeout(30_000);
});
