/**
 * A display without a screen (Xvfb) and a keyboard for it (xdotool): what the windows of the browser itself need, those
 * for choosing a certificate and for the PIN, which no page can see and no headless browser shows.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { findProgram, type PackageName } from './tools.ts';

const run = promisify(execFile);

/** A window that never comes ends the wait, and the test. */
const LONGEST_WAIT_MS = 15_000;

export const DISPLAY_PACKAGES: readonly PackageName[] = ['xvfb', 'xdotool'];

export interface Display {
  /** Value of DISPLAY, such as `:99`. */
  readonly name: string;
  /** Names of keys as X has them: `Escape`, `Return`, `Tab`. */
  press(key: string): Promise<void>;
  type(text: string): Promise<void>;
  /** Until a window with this title is visible. */
  waitForWindow(title: string): Promise<void>;
  close(): Promise<void>;
}

export async function openDisplay(): Promise<Display> {
  const program = findProgram('Xvfb');
  if (program === undefined) throw new TypeError('Xvfb is not installed');
  // The server chooses a free number and writes it to file descriptor 3.
  const server = spawn(program, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const numberPipe = server.stdio[3];
  if (numberPipe === null || numberPipe === undefined) throw new TypeError('no pipe to the display server');
  const [number] = await Promise.race([
    once(numberPipe, 'data'),
    once(server, 'exit').then(() => {
      throw new TypeError('the display server did not start');
    }),
  ]);
  const name = `:${String(number).trim()}`;
  const env = { ...process.env, DISPLAY: name };
  const xdotool = async (...command: string[]): Promise<string> =>
    (await run('xdotool', command, { env, timeout: LONGEST_WAIT_MS })).stdout;
  return {
    name,
    press: async (key) => void (await xdotool('key', key)),
    type: async (text) => void (await xdotool('type', text)),
    waitForWindow: async (title) => void (await xdotool('search', '--sync', '--onlyvisible', '--name', title)),
    async close() {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}
