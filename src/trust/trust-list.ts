/**
 * The trust list: certificates of CAs that an officer trusts for one document beside those of the configuration, while
 * the service runs. It stands in the store, so that every process of the service has the same one, and carries a
 * version, so that a process notices a change for the price of one look.
 */

/** `anchor`: whom a certification path may end at. `intermediate`: completes a path, and is believed only on one (S12). */
export type TrustKind = 'anchor' | 'intermediate';

/** What is trusted for what. The hashes are in lower-case hexadecimal. */
export interface TrustSubject {
  /** Of the document profile: a CA that is trusted for one document issues no other. */
  readonly profile: string;
  readonly kind: TrustKind;
  /** SHA-256 of the SubjectPublicKeyInfo: what is pinned, and how an officer names the entry. */
  readonly keySha256: string;
  /** SHA-256 of the certificate: one key may stand in several. */
  readonly certificateSha256: string;
}

export interface TrustEntry extends TrustSubject {
  readonly certificate: Uint8Array;
  readonly addedAt: Date;
}

/** Both only ever grow. */
export interface TrustVersion {
  /** Raised by every change and by every refresh. */
  readonly list: number;
  /** How often an officer asked every process to read its configuration again. */
  readonly refreshes: number;
}

export interface TrustList {
  readonly version: TrustVersion;
  /** In the order in which they were added. */
  readonly entries: readonly TrustEntry[];
}

/** Port: what a running service needs. */
export interface TrustListReader {
  /** Asked at each authentication: cheap. */
  version(): Promise<TrustVersion>;
  /** The version and the entries of one moment. */
  read(): Promise<TrustList>;
}

/** Port: what the officer's commands need. Each change stands together with the new version, or not at all. */
export interface TrustListWriter {
  /** False when this certificate stands there already for this profile and in this kind; then nothing changes. */
  put(entry: TrustEntry): Promise<boolean>;
  /** False when there is no such entry; then nothing changes. */
  remove(subject: TrustSubject): Promise<boolean>;
  /** Raises both parts of the version. */
  refresh(): Promise<void>;
}

/**
 * Port: which of the processes that read the configuration again records what changed in it, so that one change is one
 * record. A change is named by the caller. The last thirty-two are remembered.
 */
export interface TrustRecordings {
  /**
   * `won`: it is the caller's to record, and until `until` nobody else's. `held`: another process is about to.
   * `recorded`: it is on record.
   */
  claim(change: string, at: Date, until: Date): Promise<RecordingClaim>;
  /** Of the process that won: on record, or free for another one to record. */
  settle(change: string, isRecorded: boolean): Promise<void>;
}

export type RecordingClaim = 'won' | 'held' | 'recorded';

export interface TrustStore extends TrustListReader, TrustListWriter, TrustRecordings {}
