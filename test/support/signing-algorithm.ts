/**
 * An officer lets a running service sign with one more algorithm, before portals could have kept its key.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { CONFIG_FILE } from '../../src/demo/demonstration.ts';
import { runCommand } from './command.ts';

export interface RunningPlace {
  readonly directory: string;
  reload(): Promise<unknown>;
}

/** @returns the kid of the key that signs so from now on */
export async function letSign({ directory, reload }: RunningPlace, algorithm: string): Promise<string> {
  const keys = async (...args: readonly string[]): Promise<{ readonly kid: string }> => {
    const { code, stdout, stderr } = await runCommand(['keys', ...args, '--config', join(directory, CONFIG_FILE)]);
    expect(code, stdout + stderr).to.equal(0);
    await reload();
    return JSON.parse(stdout);
  };
  const { kid } = await keys('announce', '--algorithm', algorithm);
  await keys('activate', kid, '--early');
  return kid;
}
