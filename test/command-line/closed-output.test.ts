import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

describe('a command whose reader has read enough, as `| head -1` does', () => {
  it('does its work, and says nothing of it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'thiqa-output-'));
    try {
      const keys = join(directory, 'keys');
      const command = spawn(process.execPath, [MAIN, 'keys', 'generate', '--directory', keys]);
      command.stdout.destroy();
      const [complaints, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
      expect([code, complaints]).to.deep.equal([0, '']);
      expect(readdirSync(keys)).to.include('store.key');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
