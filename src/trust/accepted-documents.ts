/**
 * The documents that a running process accepts, always those of the latest trust list: compared at each authentication,
 * replaced in one step. After a CA was removed no authentication begins that trusts it, and when the store cannot say
 * what is trusted, nobody is signed in.
 *
 * The configuration's part is read again when an officer asks for it. A configuration with problems is refused whole:
 * the one before stays.
 */
import { createHash } from 'node:crypto';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AcceptedDocument } from '../authentication/accepted-document.ts';
import type { Clock } from '../clock.ts';
import { type Code, ThiqaError } from '../errors.ts';
import type { RevocationSource } from '../pki/revocation.ts';
import {
  type DocumentTrust,
  isSameSubject,
  subjectOf,
  type TrustedCertificate,
  trustedCertificates,
  withTrustList,
} from './document-trust.ts';
import type { TrustListReader, TrustRecordings, TrustSubject, TrustVersion } from './trust-list.ts';

/** A revocation source that outlives a change of trust, because what it holds is worth keeping. */
export interface LastingSource<D> extends RevocationSource {
  /** From now on for this document. What is unchanged is neither dropped nor fetched again. */
  adapt(document: D): void;
  close(): void;
}

export interface AcceptedDocumentsParts<D extends DocumentTrust, S extends LastingSource<D>> {
  readonly trust: TrustListReader & TrustRecordings;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Of the configuration, as the process started with it. */
  readonly documents: readonly D[];
  /** The documents of the configuration as it stands now. Absent where there is no file to read again. */
  readonly readDocuments?: (() => readonly D[]) | undefined;
  readonly openSource: (document: D) => S;
  /** Resolves after a moment, in which another process may have recorded a change. */
  readonly pause: () => Promise<void>;
  /** Told after each change. */
  readonly onChange: (trusted: readonly TrustedCertificate[]) => void;
  /** Told why the configuration was refused, or an entry of the trust list is not trusted. */
  readonly report: (
    event: 'configuration-refused' | 'trust-entry-damaged',
    error: unknown,
    subject?: TrustSubject,
  ) => void;
}

/** Longer than a process that lives takes to record a change. */
const RECORDING_MS = 10_000;

/** For health. */
export interface TrustState {
  readonly trusted: readonly TrustedCertificate[];
  /** Entries of the trust list that cannot be trusted because they are not what they say. */
  readonly damaged: readonly TrustSubject[];
  /** Present while the last reading of the configuration was refused. */
  readonly configurationRefused?: { readonly at: Date; readonly code: Code };
}

interface Open<D, S> {
  readonly document: D;
  readonly source: S;
}

export class AcceptedDocuments<D extends DocumentTrust, S extends LastingSource<D>> {
  readonly #parts: AcceptedDocumentsParts<D, S>;
  #configured: readonly D[];
  #version: TrustVersion | undefined;
  #open: ReadonlyMap<string, Open<D, S>> = new Map();
  #accepted: readonly AcceptedDocument[] = [];
  #state: TrustState = { trusted: [], damaged: [] };
  /** Changes are made one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(parts: AcceptedDocumentsParts<D, S>) {
    this.#parts = parts;
    this.#configured = parts.documents;
  }

  /** The documents of the latest trust list. @throws ServiceError STORE_UNAVAILABLE */
  async current(): Promise<readonly AcceptedDocument[]> {
    for (;;) {
      const version = await this.#parts.trust.version();
      if (isSameVersion(version, this.#version)) return this.#accepted;
      await this.#inTurn(() => this.#follow(version));
    }
  }

  /** Reads the configuration and the trust list again, whether they changed or not. @throws ServiceError STORE_UNAVAILABLE */
  async reload(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#readConfiguration();
      await this.#apply();
    });
  }

  get state(): TrustState {
    return this.#state;
  }

  get sources(): readonly Open<D, S>[] {
    return [...this.#open.values()];
  }

  close(): void {
    for (const { source } of this.#open.values()) source.close();
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined); // whoever asked for the change is told
    return done;
  }

  async #follow(version: TrustVersion): Promise<void> {
    // Someone who waited before us may have done it.
    if (isSameVersion(version, this.#version)) return;
    if (this.#version !== undefined && version.refreshes !== this.#version.refreshes) {
      await this.#readConfiguration(version.refreshes);
    }
    await this.#apply();
  }

  /** Never throws: what cannot be read changes nothing. @param refresh the one that every process follows */
  async #readConfiguration(refresh?: number): Promise<void> {
    const { readDocuments, clock, report } = this.#parts;
    if (readDocuments === undefined) return;
    try {
      const documents = readDocuments();
      await this.#recordChanges(trustedCertificates(this.#configured), trustedCertificates(documents), refresh);
      this.#configured = documents;
      const { configurationRefused: _, ...state } = this.#state;
      this.#state = state;
    } catch (error) {
      const code = error instanceof ThiqaError ? error.code : 'INTERNAL';
      this.#state = { ...this.#state, configurationRefused: { at: clock(), code } };
      report('configuration-refused', error);
    }
  }

  /** On record before they take effect. Those of the trust list were recorded by the command that made them. */
  async #recordChanges(
    before: readonly TrustedCertificate[],
    after: readonly TrustedCertificate[],
    refresh: number | undefined,
  ): Promise<void> {
    const [old, fresh] = [before.map(subjectOf), after.map(subjectOf)];
    const only = (these: readonly TrustSubject[], those: readonly TrustSubject[]): TrustSubject[] =>
      these.filter((subject) => !those.some((other) => isSameSubject(subject, other)));
    const source = 'configuration';
    const events = [
      ...only(fresh, old).map((subject) => ({ type: 'trust.added', source, ...subject }) as const),
      ...only(old, fresh).map((subject) => ({ type: 'trust.removed', source, ...subject }) as const),
    ];
    if (events.length === 0) return;
    const record = async (): Promise<void> => {
      for (const event of events) await this.#parts.audit.append(event);
    };
    if (refresh === undefined) return record();
    const digest = createHash('sha256').update(JSON.stringify(events)).digest('hex');
    await this.#once(`${refresh} ${digest}`, record);
  }

  /**
   * Resolves when one of the processes has recorded the change. What a process left behind that ended in the middle is
   * recorded again by the next one: twice is a blemish, never would be a fault.
   */
  async #once(change: string, record: () => Promise<void>): Promise<void> {
    const { trust, clock, pause } = this.#parts;
    for (;;) {
      const at = clock();
      const claim = await trust.claim(change, at, new Date(at.getTime() + RECORDING_MS));
      if (claim === 'recorded') return;
      if (claim === 'won') break;
      await pause();
    }
    try {
      await record();
    } catch (error) {
      // The next one need not wait; should this fail too, it waits until the claim has ended by itself.
      await trust.settle(change, false).catch(() => undefined);
      throw error;
    }
    await trust.settle(change, true);
  }

  async #apply(): Promise<void> {
    const { trust, openSource, onChange, report } = this.#parts;
    const { version, entries } = await trust.read();
    const damaged: TrustSubject[] = [];
    const documents = this.#configured.map((document) =>
      withTrustList(document, entries, ({ subject, error }) => {
        damaged.push(subject);
        report('trust-entry-damaged', error, subject);
      }),
    );
    const open = new Map<string, Open<D, S>>();
    for (const document of documents) {
      const key = keyAmong(open, document.profile.id);
      const source = this.#open.get(key)?.source;
      source?.adapt(document);
      open.set(key, { document, source: source ?? openSource(document) });
    }
    const dropped = [...this.#open].filter(([key]) => !open.has(key));
    this.#open = open;
    this.#accepted = [...open.values()].map(({ document, source }) => ({ ...document, revocation: source }));
    this.#state = { ...this.#state, trusted: trustedCertificates(documents), damaged };
    this.#version = version;
    for (const [, { source }] of dropped) source.close();
    onChange(this.#state.trusted);
  }
}

/** Two documents may have one profile: then the first of them is the first again after a change. */
function keyAmong(taken: ReadonlyMap<string, unknown>, profile: string): string {
  let ordinal = 0;
  while (taken.has(`${profile} ${ordinal}`)) ordinal++;
  return `${profile} ${ordinal}`;
}

function isSameVersion(one: TrustVersion, other: TrustVersion | undefined): boolean {
  return other !== undefined && one.list === other.list && one.refreshes === other.refreshes;
}
