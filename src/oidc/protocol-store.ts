/**
 * The port under oidc-provider's adapter: short-lived protocol records of every model.
 */

export interface ProtocolRecord {
  /** oidc-provider's model name, such as `AuthorizationCode`. */
  readonly model: string;
  readonly id: string;
  /** JSON value; opaque to the store. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly expiresAt?: Date;
  readonly grantId?: string;
  readonly userCode?: string;
  readonly uid?: string;
}

export type ProtocolKey = { readonly id: string } | { readonly uid: string } | { readonly userCode: string };

export interface ProtocolStore {
  /** Inserts or replaces. */
  put(record: ProtocolRecord): Promise<void>;
  /** Inserts, and never replaces, not even what has expired: of any number of parallel calls, exactly one returns true. */
  add(record: ProtocolRecord): Promise<boolean>;
  /** Never returns what has expired at `at`. A consumed record comes back with `payload.consumed` in epoch seconds. */
  find(model: string, key: ProtocolKey, at: Date): Promise<ProtocolRecord | undefined>;
  /** Conditional update: of any number of parallel calls on one record, exactly one returns true. */
  consume(model: string, id: string, at: Date): Promise<boolean>;
  /** Removes one record, or every record of a grant, of the model. */
  remove(model: string, key: { readonly id: string } | { readonly grantId: string }): Promise<void>;
}
