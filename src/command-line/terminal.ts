/**
 * What every command shares: where it prints, how it ends, which configuration it means. Exit codes: 0 done; 1 failed; 2
 * refused, with a code on standard output; 78 (EX_CONFIG of sysexits) a configuration with problems, nothing started.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { problemsOf } from '../config.ts';
import { CONFIG_FILE } from '../demo/demonstration.ts';
import { ConfigurationError, OnboardingError, ThiqaError } from '../errors.ts';
import type { Log } from '../operations/log.ts';

const DEMONSTRATION_CONFIG = join('data', CONFIG_FILE);
export const DEFAULT_CONFIG = join('config', 'thiqa.yaml');
export const EXIT_REFUSED = 2;
const EXIT_CONFIGURATION = 78;

export const configOption = [
  '--config <file>',
  `the configuration (YAML); else THIQA_CONFIG, ${DEMONSTRATION_CONFIG} when there is one, ${DEFAULT_CONFIG}`,
  chooseConfig(),
] as const;

/** Prints why a command ended, and returns its exit code. Nothing of it is a stack trace unless the error is ours to mend. */
export function explain(error: unknown): number {
  // A bare TRUST or KEY code is of a `trust` or `keys` command; in a configuration it stands among the problems.
  if (error instanceof OnboardingError || (error instanceof ConfigurationError && /^(?:TRUST|KEY)_/.test(error.code))) {
    print(JSON.stringify({ code: error.code, message: error.message, ...error.detail }, undefined, 2));
    return EXIT_REFUSED;
  }
  if (error instanceof ConfigurationError) {
    for (const { path, message } of problemsOf(error)) complain(path === '' ? message : `${path}: ${message}`);
    return EXIT_CONFIGURATION;
  }
  if (error instanceof ThiqaError) complain(`${error.code}: ${error.message}`);
  else if (error instanceof Error && (error.name === 'SignInInterrupted' || 'syscall' in error))
    complain(error.message);
  else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** A command beside `npm start` means the demonstration; elsewhere it means the service of this folder. */
function chooseConfig(): string {
  return process.env.THIQA_CONFIG ?? (existsSync(DEMONSTRATION_CONFIG) ? DEMONSTRATION_CONFIG : DEFAULT_CONFIG);
}

/** SIGTERM and SIGINT drain and close; a second signal ends at once. @param cut ends what this process started */
export function onStop(stop: () => Promise<void>, cut: () => void = () => undefined): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) {
      cut();
      process.exit(1);
    }
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => process.exit(explain(error) || 1),
    );
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}

/**
 * What nobody foresaw ends the process, since nobody knows what state it left. By itself Node would print the error's
 * message, and that may quote what a person sent.
 */
export function endOnUnforeseen(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.failure('unforeseen', error);
    process.exit(1);
  });
}

/** For a command that changes nothing: when whoever reads what it prints has enough (`| head`), it ends. */
export function endWithReader(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit();
  });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`thiqa: ${text}\n`);
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return port;
}

export function parseTime(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('a time is of the form 2026-11-25T12:00:00Z');
  return at;
}
