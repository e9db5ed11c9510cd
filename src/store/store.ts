/**
 * Everything that the service keeps, as the ports that the domain rooms declare. SQLite and MongoDB both implement it
 * and both pass `test/store/contract.test.ts`. A store never decides: it keeps, finds, and says who won.
 */
import type { AuditStore } from '../audit/audit-log.ts';
import type { ChallengeStore } from '../authentication/challenge.ts';
import type { HandOffStore } from '../authentication/hand-off.ts';
import type { CitizenStore } from '../citizen/citizen-record.ts';
import type { ConsentStore } from '../citizen/consent.ts';
import type { StandingStore } from '../citizen/standing.ts';
import type { RateLimitStore } from '../limits/rate-limit-store.ts';
import type { OcspAnswerStore } from '../network/ocsp-answers.ts';
import type { NotBeforeStore } from '../not-before.ts';
import type { LogoutNoticeStore } from '../oidc/back-channel-logout/logout-notice.ts';
import type { KeyRingStore } from '../oidc/keys/key-ring.ts';
import type { ProtocolStore } from '../oidc/protocol-store.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import type { TrustStore } from '../trust/trust-list.ts';

/** Every method rejects with ServiceError STORE_UNAVAILABLE (of `audit`: AUDIT_UNAVAILABLE) when it cannot do its work. */
export interface Store {
  readonly protocol: ProtocolStore;
  readonly challenges: ChallengeStore;
  readonly handOffs: HandOffStore;
  readonly portals: PortalStore;
  readonly consents: ConsentStore;
  readonly citizens: CitizenStore;
  readonly standings: StandingStore;
  /** Of everybody. */
  readonly notBefore: NotBeforeStore;
  readonly trust: TrustStore;
  readonly rateLimits: RateLimitStore;
  readonly keyRing: KeyRingStore;
  readonly ocspAnswers: OcspAnswerStore;
  readonly logoutNotices: LogoutNoticeStore;
  readonly audit: AuditStore;
  /** Deletes what has expired at `at`, a bounded batch at a time, and says how many records that was. */
  sweep(at: Date): Promise<number>;
  /** Completes the audit appends that wait, then releases the store. A second call does nothing. */
  close(): Promise<void>;
}
