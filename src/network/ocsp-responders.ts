/**
 * What is known of each OCSP responder: why it last gave no good answer, and whether it is left alone for a while.
 */
import type { RevocationCode } from '../errors.ts';
import type { RevocationFailure } from '../pki/revocation.ts';
import { ResponderPause } from './responder-pause.ts';

/** The state of one responder, for health: it is asked when needed, so its failure may be over. */
export interface OcspResponderState {
  readonly source: string;
  readonly isAskedOnDemand: true;
  readonly failure?: RevocationCode;
}

/** Told of each new failure of a responder. */
export type ReportFailure = (failure: RevocationFailure & { readonly cause: unknown }) => void;

const MOST_RESPONDERS = 100;

export class OcspResponders {
  readonly #report: ReportFailure | undefined;
  readonly #failures = new Map<string, RevocationCode | undefined>();
  readonly #pauses = new Map<string, ResponderPause>();

  constructor(report: ReportFailure | undefined) {
    this.#report = report;
  }

  pauseOf(name: string): ResponderPause {
    const pause = this.#pauses.get(name) ?? new ResponderPause();
    keep(this.#pauses, name, pause);
    return pause;
  }

  /** Nobody is left alone any more. What was asked before and fails from now on begins no pause. */
  endPauses(): void {
    this.#pauses.clear();
  }

  failureOf(name: string): RevocationCode | undefined {
    return this.#failures.get(name);
  }

  /** @param failure undefined when there was a good answer */
  note(name: string, failure: RevocationCode | undefined, cause?: unknown): void {
    const isNew = failure !== undefined && failure !== this.#failures.get(name);
    if (isNew) this.#report?.({ source: name, code: failure, cause });
    keep(this.#failures, name, failure);
  }

  get states(): readonly OcspResponderState[] {
    return [...this.#failures].map(([source, failure]) => ({
      source,
      isAskedOnDemand: true,
      ...(failure !== undefined && { failure }),
    }));
  }
}

/** The oldest goes first; a Map keeps the order of insertion. */
function keep<T>(map: Map<string, T>, name: string, value: T): void {
  const [oldest] = map.size >= MOST_RESPONDERS && !map.has(name) ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  map.set(name, value);
}
