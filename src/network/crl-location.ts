/**
 * One place that a CRL comes from, and the CRL that is held from there. A new CRL takes its place in one step, after it
 * was read and verified whole; a truncated, forged, older or future one never does.
 */
import { stat } from 'node:fs/promises';
import { type RevocationCode, RevocationError, ServiceError } from '../errors.ts';
import type { Crl } from '../pki/crl.ts';
import { toHex } from '../pki/der.ts';
import type { CrlIndexDirectory } from './crl-index-file.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { isLoadedInline, loadCrl } from './load-crl.ts';
import type { CrlExpectations } from './read-crl.ts';

/** That a CRL was replaced, or why it or its index could not be; for the log. */
export interface CrlRenewal {
  readonly source: string;
  readonly outcome: 'replaced' | 'failed' | 'index-not-kept';
  readonly code?: RevocationCode;
  readonly cause?: unknown;
}

export interface CrlLocationOptions {
  readonly expected: CrlExpectations;
  readonly clock: () => Date;
  /** How far an issuer's clock may be ahead of ours. */
  readonly skewSeconds: number;
  readonly signal: AbortSignal;
  readonly report: (renewal: CrlRenewal) => void;
  /** Where the indexes of large CRLs are kept. Absent: in memory alone. */
  readonly indexDirectory?: CrlIndexDirectory | undefined;
}

type PlaceInLine = Pick<Crl, 'thisUpdate' | 'crlNumber'>;

/** What a file or an address yields: a new CRL, or undefined when nothing changed. */
type Renew = () => Promise<Crl | undefined>;

export abstract class CrlLocation {
  protected readonly options: CrlLocationOptions;
  #held: Crl | undefined;
  /** The newest of each line that was held: no other CRL in between makes an older one count again. */
  readonly #newest = new Map<string, PlaceInLine>();
  #failure: RevocationCode | undefined;
  #isGone = false;
  #renewing: Promise<void> | undefined;

  constructor(options: CrlLocationOptions) {
    this.options = options;
  }

  get source(): string {
    return this.options.expected.source;
  }

  /** The last CRL that was good when it came. Whether it still is current is for the decision. */
  get held(): Crl | undefined {
    return this.#isGone ? undefined : this.#held;
  }

  /**
   * Whether the place itself is gone: then nothing is said of any certificate. The CRL is remembered all the same, so
   * that an older one cannot take the place of one that was removed.
   */
  protected set isGone(isGone: boolean) {
    this.#isGone = isGone;
  }

  /** Why the last attempt brought nothing. */
  get failure(): RevocationCode | undefined {
    return this.#failure;
  }

  /** The last CRL from here was of nobody who was expected, or may turn out to be: other issuers may make it acceptable. */
  get mayHaveUnexpectedIssuer(): boolean {
    return this.#failure === 'CRL_SIGNATURE_INVALID' || this.#renewing !== undefined;
  }

  /** A CRL that is held and is current at this time: nobody needs to wait for another. */
  isCurrentAt(at: Date): boolean {
    return this.held?.nextUpdate !== undefined && at <= this.held.nextUpdate;
  }

  /** The renewal that is under way. */
  protected get renewing(): Promise<void> | undefined {
    return this.#renewing;
  }

  /** Never throws; of any number of parallel calls, one renews and all wait for it. */
  protected renew(attempt: Renew): Promise<void> {
    this.#renewing ??= this.#attempt(attempt).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** As `loadCrl` does it. */
  protected async load(content: string | Uint8Array, octets: number): Promise<Crl> {
    const { expected, signal, indexDirectory, report } = this.options;
    const { crl, notKept } = await loadCrl(content, octets, expected, signal, indexDirectory);
    if (notKept !== undefined) report({ source: this.source, outcome: 'index-not-kept', ...notKept });
    return crl;
  }

  async #attempt(attempt: Renew): Promise<void> {
    try {
      const crl = await attempt();
      if (crl !== undefined) this.#replace(crl);
      this.#failure = undefined;
      if (crl !== undefined) this.options.report({ source: this.source, outcome: 'replaced' });
    } catch (cause) {
      const code = codeOf(cause);
      // A file that is absent is absent at each ask: told once.
      if (code !== this.#failure) this.options.report({ source: this.source, outcome: 'failed', code, cause });
      this.#failure = code;
    }
  }

  #replace(crl: Crl): void {
    const { clock, skewSeconds } = this.options;
    const detail = { source: this.source };
    const now = clock();
    if (crl.thisUpdate.getTime() > now.getTime() + skewSeconds * 1000) {
      throw new RevocationError('CRL_NOT_YET_VALID', 'the CRL is from the future', { detail });
    }
    const line = lineOf(crl);
    const newest = this.#newest.get(line);
    if (newest !== undefined && isOlder(crl, newest)) {
      throw new RevocationError('CRL_OLDER', 'the CRL is older than one that was held', { detail });
    }
    // No number tells two lines apart by age: a CRL that has ended may be an old one that somebody sends once more.
    const isOfOtherLine = this.#held !== undefined && lineOf(this.#held) !== line;
    if (isOfOtherLine && this.isCurrentAt(now) && crl.nextUpdate !== undefined && crl.nextUpdate < now) {
      throw new RevocationError('CRL_OLDER', 'the CRL has ended, and the one that is held has not', { detail });
    }
    this.#newest.delete(line);
    // The line that was not seen for the longest time goes first; a Map keeps the order of insertion.
    const [oldest] = this.#newest.size >= MOST_LINES ? this.#newest.keys() : [];
    if (oldest !== undefined) this.#newest.delete(oldest);
    this.#newest.set(line, { thisUpdate: crl.thisUpdate, crlNumber: crl.crlNumber });
    this.#held = crl;
  }
}

/** A place has the CRLs of one line, or of a few where its operator changes something. */
const MOST_LINES = 64;

/** In one line are the CRLs of one issuer and one scope, and complete ones apart from deltas: each follows the one before. */
function lineOf(crl: Crl): string {
  const scope = crl.extensions.get('2.5.29.28')?.value ?? new Uint8Array();
  return `${crl.isDelta} ${toHex(scope)} ${crl.issuer.key}`;
}

/** Of one line: a lower number or an earlier date. */
function isOlder(crl: PlaceInLine, newest: PlaceInLine): boolean {
  if (crl.thisUpdate < newest.thisUpdate) return true;
  return crl.crlNumber !== undefined && newest.crlNumber !== undefined && crl.crlNumber < newest.crlNumber;
}

function codeOf(error: unknown): RevocationCode {
  if (error instanceof RevocationError) return error.code;
  if (error instanceof ServiceError && error.code === 'FETCH_TOO_LARGE') return 'CRL_TOO_LARGE';
  return 'REVOCATION_UNAVAILABLE';
}

/** How long a CRL from the future is left alone before it is read again. */
const PAUSE_BEFORE_FUTURE_CRL_MILLISECONDS = 10_000;

/** A file, looked at on each ask: a changed one counts at once. */
export class CrlFile extends CrlLocation {
  readonly #path: string;
  /** The state of the file that was read last, whatever came of it. */
  #stateRead: string | undefined;
  #readAt = 0;

  constructor(path: string, options: CrlLocationOptions) {
    super(options);
    this.#path = path;
  }

  /** The next ask reads the file again, unless somebody who was expected had signed it. */
  expectOtherIssuers(): void {
    if (this.mayHaveUnexpectedIssuer) this.#stateRead = undefined;
  }

  /** Waits for a changed file, whoever began to read it, unless it is a large one and the CRL that is held is current. */
  async ask(at: Date): Promise<void> {
    let octets: number;
    let state: string;
    try {
      const file = await stat(this.#path, { bigint: true });
      octets = Number(file.size);
      state = `${file.dev} ${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`;
      if (!file.isFile()) throw new RevocationError('REVOCATION_UNAVAILABLE', 'the CRL is not a file');
    } catch (cause) {
      // An operator who takes the CRL away, or loses it, wants nobody to be signed in on what it said.
      this.isGone = true;
      this.#stateRead = undefined;
      return this.renew(() => Promise.reject(cause));
    }
    this.isGone = false;
    const isAwaited = isLoadedInline(octets) || !this.isCurrentAt(at);
    // What is being read may be the file as it was.
    if (isAwaited && state !== this.#stateRead) await this.renewing;
    const renewed =
      state === this.#stateRead && !this.#mayHaveBecomeValid(at)
        ? this.renewing
        : this.renew(() => {
            // Noted before reading: a file that changes meanwhile is then read again.
            this.#stateRead = state;
            this.#readAt = at.getTime();
            return this.load(this.#path, octets);
          });
    if (isAwaited) await renewed;
  }

  #mayHaveBecomeValid(at: Date): boolean {
    return this.failure === 'CRL_NOT_YET_VALID' && at.getTime() - this.#readAt >= PAUSE_BEFORE_FUTURE_CRL_MILLISECONDS;
  }
}

/** An address, asked in the background. */
export class CrlAddress extends CrlLocation {
  readonly #address: string;
  readonly #fetch: GuardedFetch;
  /** RFC 9110 13.1: the validators of one CRL, by its hash. Only the CRL that is held need not be sent again. */
  #validators: { readonly sha256: string; readonly headers: Readonly<Record<string, string>> } | undefined;

  constructor(address: string, fetch: GuardedFetch, options: CrlLocationOptions) {
    super(options);
    this.#address = address;
    this.#fetch = fetch;
  }

  /** Asks again, unless somebody who was expected had signed what came; an answer under way was judged by the old issuers. */
  async expectOtherIssuers(): Promise<void> {
    if (!this.mayHaveUnexpectedIssuer) return;
    await this.refresh();
    if (this.mayHaveUnexpectedIssuer) await this.refresh();
  }

  refresh(): Promise<void> {
    return this.renew(async () => {
      const conditional = this.held !== undefined && this.held.sha256 === this.#validators?.sha256;
      const headers = conditional ? (this.#validators?.headers ?? {}) : {};
      const answer = await this.#fetch(this.#address, { headers, signal: this.options.signal });
      if (answer.status === 304 && conditional) return undefined;
      if (answer.status !== 200) throw new RevocationError('REVOCATION_UNAVAILABLE', 'the server sent no CRL');
      const crl = await this.load(answer.body, answer.body.length);
      const { etag, 'last-modified': lastModified } = answer.headers;
      this.#validators = {
        sha256: crl.sha256,
        headers: {
          ...(etag !== undefined && { 'if-none-match': etag }),
          ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
        },
      };
      return crl.sha256 === this.held?.sha256 ? undefined : crl;
    });
  }
}
