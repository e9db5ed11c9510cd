/**
 * The log of a service in a file of a test's folder.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createLog, type Log } from '../../src/operations/log.ts';

const END = 'end-of-log';

export interface LogFile {
  readonly log: Log;
  text(): string;
  /** Resolves with the text when everything is written: the log writes when it can. What comes later is dropped. */
  close(): Promise<string>;
}

export function openLogFile(file: string, level: Parameters<typeof createLog>[0] = 'debug'): LogFile {
  const descriptor = openSync(file, 'a');
  const log = createLog(level, descriptor);
  let isClosed = false;
  /** The system may give the descriptor to another file. */
  const unlessClosed =
    <A extends readonly unknown[]>(write: (...values: A) => void) =>
    (...values: A): void => {
      if (!isClosed) write(...values);
    };
  const text = (): string => readFileSync(file, 'utf8');
  return {
    log: {
      info: unlessClosed(log.info),
      request: unlessClosed(log.request),
      refusal: unlessClosed(log.refusal),
      failure: unlessClosed(log.failure),
    },
    text,
    async close() {
      log.failure(END, undefined);
      isClosed = true;
      const isLast = (line: string): boolean => line.includes(`"event":"${END}"`);
      let lines = text().split('\n');
      while (!isLast(lines.at(-2) ?? '') || lines.at(-1) !== '') {
        await new Promise(setImmediate);
        lines = text().split('\n');
      }
      closeSync(descriptor);
      return [...lines.slice(0, -2), ''].join('\n');
    },
  };
}
