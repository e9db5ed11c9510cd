import { expect } from 'chai';
import { runCommand } from '../support/command.ts';

describe('a command that the system refuses something', () => {
  it('says what, in one line', async () => {
    const { code, stdout, stderr } = await runCommand(['keys', 'generate', '--directory', '/dev/null/keys']);
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.equal("thiqa: ENOTDIR: not a directory, mkdir '/dev/null/keys'\n");
  });
});
