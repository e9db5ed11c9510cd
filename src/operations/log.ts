/**
 * The operator's log: one JSON object a line (pino). Only what this file writes goes in: no address with a query, no
 * header, no body, no message of a foreign error, since those may quote what a person sent.
 */
import { type Level, destination as openDestination, pino } from 'pino';
import { ThiqaError } from '../errors.ts';

export interface Log {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  /** One answered request. `route` is a pattern such as `/auth/:uid/sign-in`, never the address itself. */
  request(reference: string, method: string, route: string, status: number, milliseconds: number): void;
  /** One refusal. Errors that are ours by design show their message, others their class and stack frames. */
  refusal(reference: string, code: string, error: unknown): void;
  failure(event: string, error: unknown, fields?: Readonly<Record<string, string>>): void;
}

/**
 * @param level `silent` for none
 * @param file a file descriptor or path; standard output unless told
 * @param worker stands in each line, where the service has several
 */
export function createLog(level: Level | 'silent', file: string | number = 1, worker?: number): Log {
  const logger = pino(
    { level, base: worker === undefined ? null : { worker }, timestamp: pino.stdTimeFunctions.isoTime },
    openLines(file),
  );
  return {
    info(event, fields) {
      logger.info({ event, ...fields });
    },
    request(reference, method, route, status, milliseconds) {
      logger.info({ event: 'request', reference, method, route, status, milliseconds });
    },
    refusal(reference, code, error) {
      const level = code === 'INTERNAL' || code.endsWith('_UNAVAILABLE') ? 'error' : 'info';
      logger[level]({ event: 'refusal', reference, code, error: describe(error) });
    },
    failure(event, error, fields) {
      logger.error({ event, ...fields, error: describe(error) });
    },
  };
}

/** What waits for the disk, or for whoever reads the log; beyond it, lines are lost. */
const MOST_WAITING_OCTETS = 16 * 1024 * 1024;

/**
 * A log that cannot be written must not hold up the service. Lines wait, and go with the next one that can be written. Unheard,
 * the error would end the process, and its end would try the same again for ever.
 */
function openLines(dest: string | number): ReturnType<typeof openDestination> {
  const lines = openDestination({ dest, sync: false, maxLength: MOST_WAITING_OCTETS });
  const { flushSync } = lines;
  lines.on('error', () => {
    lines.flushSync = () => undefined;
  });
  lines.on('write', () => {
    lines.flushSync = flushSync;
  });
  return lines;
}

/** A cause may be a foreign error, whose text may quote its input: its class and its stack frames are enough to find it. */
function describe(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { class: typeof error };
  const ours = error instanceof ThiqaError;
  return {
    // A class has a plain name; anything else was put there.
    class: /^\w+$/.test(error.name) ? error.name : 'Error',
    ...(ours ? { code: error.code, message: error.message, detail: error.detail } : { frames: framesOf(error) }),
    ...(error.cause !== undefined && depth < 3 && { cause: describe(error.cause, depth + 1) }),
  };
}

/** The stack holds the message, and a message may have lines that look like frames: only what follows it is read. */
function framesOf({ stack = '', message }: Error): string[] {
  const firstLine = stack.split('\n', 1)[0] ?? '';
  const start = message === '' ? firstLine.length : stack.indexOf(`: ${message}\n`) + 2;
  const isWhereV8PutIt = message === '' ? !firstLine.includes(':') : start >= 2 && start <= firstLine.length;
  if (!isWhereV8PutIt) return [];
  return stack
    .slice(start + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}
