/**
 * What the service keeps of a citizen between the sign-in and the portal's last question: what the card that was presented
 * says of its holder, and what the sign-in rests on, sealed, until no session or token can ask for it any more. The
 * national identifier is there for the portals that were approved for it; beyond the record only its keyed hash stays.
 *
 * One record a sign-in: a session, and every assertion of it, tells of the card that opened it, whatever card the citizen
 * presents elsewhere meanwhile.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { IdentityDocument } from '../identity/identity-document.ts';
import type { NaturalPerson } from '../identity/person.ts';
import type { SignInEvidence } from '../identity/sign-in-evidence.ts';
import { hasEnded } from '../not-before.ts';
import { open, seal } from '../sealing.ts';
import type { CitizenStanding } from './standing.ts';

/** Names one sign-in: two of one citizen within one second count as one, that of the later card. */
export interface SignInReference {
  /** Keyed hash of the national identifier. */
  readonly accountId: string;
  /** Epoch seconds: `auth_time` of the session. */
  readonly signedInAt: number;
}

export interface CitizenRecord extends SignInReference {
  /** A SignedInCitizen, sealed. */
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
}

export interface FoundCitizenRecord extends CitizenRecord {
  /** Of the citizen, read together with the record. */
  readonly standing?: CitizenStanding;
}

/** Port. `find` never returns what has expired at `at`; `put` replaces. */
export interface CitizenStore {
  find(signIn: SignInReference, at: Date): Promise<FoundCitizenRecord | undefined>;
  put(record: CitizenRecord): Promise<void>;
}

export interface SignedInCitizen {
  readonly person: NaturalPerson;
  /** The identifier as the citizen alone sees it on the consent page. */
  readonly maskedIdentifier: string;
  readonly document?: IdentityDocument;
  readonly evidence: SignInEvidence;
}

export interface CitizenRecords {
  remember(signIn: SignInReference, citizen: SignedInCitizen): Promise<void>;
  /** Undefined also of a citizen who is suspended, or whose sessions were ended since. */
  recall(signIn: SignInReference): Promise<SignedInCitizen | undefined>;
}

/**
 * @param secret the subject key: a copy of the store alone opens nothing
 * @param lifetimeSeconds at least the longest session and the longest token together
 */
export function createCitizenRecords(
  store: CitizenStore,
  secret: KeyObject,
  lifetimeSeconds: number,
  clock: Clock,
): CitizenRecords {
  const context = ({ accountId, signedInAt }: SignInReference): string => `sign-in\n${accountId}\n${signedInAt}`;
  return {
    async remember({ accountId, signedInAt }, { person, maskedIdentifier, document, evidence }) {
      const signIn = { accountId, signedInAt };
      const citizen: SignedInCitizen = { person, maskedIdentifier, ...(document && { document }), evidence };
      const expiresAt = new Date(clock().getTime() + lifetimeSeconds * 1000);
      await store.put({ ...signIn, sealed: seal(citizen, secret, context(signIn)), expiresAt });
    },
    async recall(signIn) {
      const record = await store.find(signIn, clock());
      if (record === undefined || isOver(record)) return undefined;
      // The value is our own: written by `remember`, authenticated by the seal.
      return open(record.sealed, secret, context(signIn)) as SignedInCitizen;
    },
  };
}

function isOver({ signedInAt, standing }: FoundCitizenRecord): boolean {
  return standing !== undefined && (standing.isSuspended || hasEnded(signedInAt, standing.notBefore));
}
