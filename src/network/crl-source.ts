/**
 * The CRLs that the configuration names, kept current, as a source of revocation evidence.
 *
 * A file counts as soon as it changed. An address is asked again within the refresh interval, and ahead of the end of
 * the CRL that is held; after a failure sooner, with growing pauses. Each location has its own clockwork, so that a slow
 * one delays no other, and a sign-in waits for an address only when nothing else covers the issuers on its path.
 */
import { setMaxListeners } from 'node:events';
import type { RevocationCode } from '../errors.ts';
import type { AlgorithmPolicy } from '../pki/algorithms.ts';
import type { Certificate } from '../pki/certificate.ts';
import { equalNames } from '../pki/name.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import { DEFAULT_SKEW_SECONDS, type RevocationEvidence, type RevocationSource } from '../pki/revocation.ts';
import type { TrustAnchor } from '../pki/trust-anchor.ts';
import type { CrlIndexDirectory } from './crl-index-file.ts';
import { CrlAddress, CrlFile, type CrlLocation, type CrlLocationOptions, type CrlRenewal } from './crl-location.ts';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';

/** What a source is for: a change of trust may change it. */
export interface CrlSubject {
  /** Absolute file paths, and http or https addresses. */
  readonly locations: readonly string[];
  /** Who may have signed the CRLs: the trust anchors, the CAs below them, and CRL issuers of their own. */
  readonly anchors: readonly TrustAnchor[];
  readonly intermediates: readonly Certificate[];
  readonly crlIssuers?: readonly Certificate[] | undefined;
  /** Hosts that addresses may have, as `FetchRules` describes them. */
  readonly allowedHosts: readonly string[];
  readonly privateHosts: readonly string[];
}

export interface CrlSourceOptions extends CrlSubject {
  readonly clock: () => Date;
  /** Default 300. */
  readonly refreshIntervalSeconds?: number | undefined;
  /** Of one request. Default 30: a CRL of millions of entries takes its time. */
  readonly timeoutSeconds?: number | undefined;
  /** How far an issuer's clock may be ahead of ours; no more than the decision grants, which would refuse the CRL. */
  readonly skewSeconds?: number | undefined;
  readonly algorithms?: AlgorithmPolicy | undefined;
  /** Default 512 MiB. */
  readonly maximumOctets?: number | undefined;
  /** Where the indexes of large CRLs are kept for the next start and for other processes. Absent: in memory alone. */
  readonly indexDirectory?: CrlIndexDirectory | undefined;
  /** Told of each replaced CRL and of each new failure. */
  readonly report?: ((renewal: CrlRenewal) => void) | undefined;
  /** For tests. */
  readonly fetch?: GuardedFetch | undefined;
  /** For tests: runs a task after a time, and returns how to call it off. */
  readonly schedule?: Schedule | undefined;
}

export type Schedule = (task: () => void, milliseconds: number) => () => void;

/** The state of one location, for health. */
export interface CrlLocationState {
  readonly source: string;
  readonly entries?: number;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly failure?: RevocationCode;
}

const LARGEST_CRL_OCTETS = 512 * 1024 * 1024;
const FIRST_PAUSE_SECONDS = 5;
/** A CRL is renewed when this part of its life is over, even when the refresh interval is longer. */
const RENEWED_AT_PART_OF_LIFE = 0.75;
/** Each pause is shortened by up to this part, so that many services do not ask at one moment. */
const JITTER = 0.1;

/** Starts to keep the CRLs of the given locations. Never throws: what cannot be had shows in the evidence. */
export function createCrlSource(options: CrlSourceOptions): CrlSource {
  return new CrlSource(options);
}

/** Keeps timers, which do not keep the process alive, until `close`. */
export class CrlSource implements RevocationSource {
  readonly #options: CrlSourceOptions;
  #files: readonly CrlFile[] = [];
  #addresses: readonly CrlAddress[] = [];
  #issuers: readonly Certificate[] = [];
  #fetch: GuardedFetch;
  readonly #closing = new AbortController();
  /** The first refreshes that are still under way. */
  readonly #starting = new Set<Promise<void>>();

  constructor(options: CrlSourceOptions) {
    this.#options = options;
    this.#fetch = this.#fetchWithin(options);
    // One listener for each location and request: no leak, whatever their number.
    setMaxListeners(0, this.#closing.signal);
    this.#use(options);
  }

  /**
   * From now on for these issuers and locations. A CRL that is held stays, whoever signed it: whether it counts for a
   * certificate is decided on the path of that certificate each time. What nobody trusted before is read again.
   */
  adapt(subject: CrlSubject): void {
    this.#fetch = this.#fetchWithin(subject);
    const known = new Set(this.#issuers.map(({ sha256 }) => sha256));
    const kept = this.#locations;
    this.#use(subject);
    // Ahead of the first citizen who needs what is new.
    for (const file of this.#files) if (!kept.includes(file)) void file.ask(this.#options.clock());
    if (this.#issuers.every(({ sha256 }) => known.has(sha256))) return;
    for (const file of this.#files) if (kept.includes(file)) file.expectOtherIssuers();
    for (const address of this.#addresses) if (kept.includes(address)) this.#start(address.expectOtherIssuers());
  }

  async evidenceFor({ certificates }: ValidatedPath, at: Date): Promise<RevocationEvidence> {
    await Promise.all(this.#files.map((file) => file.ask(at)));
    const covered = ({ issuer }: Certificate): boolean =>
      this.#locations.some(({ held }) => held !== undefined && equalNames(held.issuer, issuer));
    while (this.#starting.size > 0 && !certificates.every(covered)) await Promise.race(this.#starting);
    return {
      crls: this.#locations.flatMap(({ held }) => held ?? []),
      ocspResponses: [],
      certificates: this.#issuers,
      failures: this.#locations.flatMap(({ source, failure }) =>
        failure === undefined ? [] : [{ source, code: failure }],
      ),
    };
  }

  /** Notices what became of the files, as a sign-in would; addresses have their own clockwork. Never throws. */
  async lookAtFiles(): Promise<void> {
    const at = this.#options.clock();
    await Promise.all(this.#files.map((file) => file.ask(at)));
  }

  /** Looks at every location now; a start waits for it so that the first citizen need not. Never throws. */
  async refresh(): Promise<void> {
    await Promise.all([this.lookAtFiles(), ...this.#addresses.map((address) => address.refresh())]);
  }

  get states(): readonly CrlLocationState[] {
    return this.#locations.map(({ source, held, failure }) => ({
      source,
      ...(held && { entries: held.count, thisUpdate: held.thisUpdate }),
      ...(held?.nextUpdate && { nextUpdate: held.nextUpdate }),
      ...(failure !== undefined && { failure }),
    }));
  }

  /** Ends timers, requests and workers. */
  close(): void {
    this.#closing.abort();
  }

  get #locations(): readonly CrlLocation[] {
    return [...this.#files, ...this.#addresses];
  }

  #use({ locations, anchors, intermediates, crlIssuers = [] }: CrlSubject): void {
    this.#issuers = [...anchors.map(({ certificate }) => certificate), ...intermediates, ...crlIssuers];
    const isAddress = (location: string): boolean => /^https?:\/\//i.test(location);
    const [addresses, files] = [this.#addresses, this.#files];
    const fetch: GuardedFetch = (...request) => this.#fetch(...request);
    this.#files = locations
      .filter((path) => !isAddress(path))
      .map((path) => files.find(({ source }) => source === path) ?? new CrlFile(path, this.#optionsOf(path)));
    this.#addresses = locations
      .filter(isAddress)
      .map(
        (address) =>
          addresses.find(({ source }) => source === address) ??
          new CrlAddress(address, fetch, this.#optionsOf(address)),
      );
    for (const address of this.#addresses) if (!addresses.includes(address)) this.#start(this.#keepCurrent(address, 0));
  }

  /** A sign-in that nothing else covers waits for it. */
  #start(refresh: Promise<void>): void {
    const starting = refresh.finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
  }

  #fetchWithin({ allowedHosts, privateHosts }: CrlSubject): GuardedFetch {
    const { fetch, timeoutSeconds = 30, maximumOctets = LARGEST_CRL_OCTETS } = this.#options;
    const timeoutMilliseconds = timeoutSeconds * 1000;
    return fetch ?? createGuardedFetch({ allowedHosts, privateHosts, timeoutMilliseconds, maximumOctets });
  }

  #optionsOf(source: string): CrlLocationOptions {
    const { clock, report, indexDirectory } = this.#options;
    const issuers = (): readonly Certificate[] => this.#issuers;
    return {
      expected: {
        source,
        // Those of the moment: a change of trust need not drop the CRL that is held.
        get issuers() {
          return issuers();
        },
        algorithms: this.#options.algorithms ?? 'default',
        maximumOctets: this.#options.maximumOctets ?? LARGEST_CRL_OCTETS,
      },
      clock,
      skewSeconds: this.#options.skewSeconds ?? DEFAULT_SKEW_SECONDS,
      signal: this.#closing.signal,
      report: report ?? (() => undefined),
      indexDirectory,
    };
  }

  /** Refreshes now and again and again. @param failures in a row so far */
  async #keepCurrent(address: CrlAddress, failures: number): Promise<void> {
    await address.refresh();
    if (this.#closing.signal.aborted || !this.#addresses.includes(address)) return;
    const failed = address.failure === undefined ? 0 : failures + 1;
    const pause = this.#pauseSeconds(address, failed) * (1 - JITTER * Math.random());
    const callOff = (this.#options.schedule ?? scheduleUnreferenced)(() => {
      this.#closing.signal.removeEventListener('abort', callOff);
      if (this.#addresses.includes(address)) void this.#keepCurrent(address, failed);
    }, pause * 1000);
    this.#closing.signal.addEventListener('abort', callOff, { once: true });
  }

  #pauseSeconds({ held }: CrlAddress, failures: number): number {
    const interval = this.#options.refreshIntervalSeconds ?? 300;
    if (failures > 0) return Math.min(interval, FIRST_PAUSE_SECONDS * 2 ** Math.min(failures - 1, 20));
    if (held?.nextUpdate === undefined) return interval;
    const life = held.nextUpdate.getTime() - held.thisUpdate.getTime();
    const renewAt = held.thisUpdate.getTime() + life * RENEWED_AT_PART_OF_LIFE;
    const untilRenewal = (renewAt - this.#options.clock().getTime()) / 1000;
    // Past that moment the issuer may be late: asked again soon, and never at every moment.
    return Math.min(interval, Math.max(untilRenewal, FIRST_PAUSE_SECONDS * 4));
  }
}

function scheduleUnreferenced(task: () => void, milliseconds: number): () => void {
  const timer = setTimeout(task, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
