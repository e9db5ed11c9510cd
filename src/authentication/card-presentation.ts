/**
 * One presentation of a card, from the button to the outcome: begin (at the interaction), present (at the card host),
 * collect (at the interaction again).
 */
import type { AuditLog } from '../audit/audit-log.ts';
import { type Code, EvidenceError, ThiqaError } from '../errors.ts';
import { type AuthenticationPorts, authenticateCitizen } from './authenticate-citizen.ts';
import type { AuthenticatedCitizen } from './authenticated-citizen.ts';
import type { CardEvidence } from './card-evidence.ts';
import { CHALLENGE_PATTERN, type ChallengeStore, hashOfSecret, newBrowserSecret, newChallengeId } from './challenge.ts';
import { type HandOffClaim, type HandOffStore, issueHandOff, takeHandOff } from './hand-off.ts';

export interface PresentationPorts extends AuthenticationPorts {
  readonly challenges: ChallengeStore;
  readonly handOffs: HandOffStore;
  readonly challengeSeconds: number;
  readonly handOffSeconds: number;
  /** Told of an error that no rule foresaw; it becomes INTERNAL for everyone else. */
  readonly reportUnforeseen: (error: unknown) => void;
}

export type PresentationOutcome =
  | { readonly outcome: 'authenticated'; readonly citizen: AuthenticatedCitizen }
  | { readonly outcome: 'refused'; readonly code: Code };

export interface CardPresentations {
  /** `browserSecret` goes into a cookie of the browser that asked; `challengeId` into the address that it opens. */
  begin(
    interaction: string,
    clientId: string,
  ): Promise<{ readonly challengeId: string; readonly browserSecret: string }>;
  /** @throws EvidenceError CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED: there is no interaction to go back to */
  present(
    challengeId: string,
    readEvidence: () => CardEvidence,
  ): Promise<{ readonly interaction: string; readonly token: string }>;
  /** @throws EvidenceError HANDOFF_UNKNOWN, HANDOFF_EXPIRED, HANDOFF_OTHER_INTERACTION, HANDOFF_OTHER_BROWSER */
  collect(claim: HandOffClaim): Promise<PresentationOutcome>;
}

export function createCardPresentations(ports: PresentationPorts): CardPresentations {
  const { audit, challenges, handOffs, clock } = ports;
  const inSeconds = (seconds: number): Date => new Date(clock().getTime() + seconds * 1000);

  const takeChallenge = async (id: string) => {
    const challenge = CHALLENGE_PATTERN.test(id) ? await challenges.take(id) : undefined;
    if (challenge === undefined) throw new EvidenceError('CHALLENGE_UNKNOWN', 'the challenge is unknown or was used');
    if (challenge.expiresAt <= clock()) throw new EvidenceError('CHALLENGE_EXPIRED', 'the challenge has expired');
    return challenge;
  };

  return {
    async begin(interaction, clientId) {
      // The handshake that follows then offers the cards of this moment's issuers.
      await ports.documents();
      const browserSecret = newBrowserSecret();
      const challengeId = newChallengeId();
      await challenges.put({
        id: challengeId,
        interaction,
        browserHash: hashOfSecret(browserSecret),
        clientId,
        expiresAt: inSeconds(ports.challengeSeconds),
      });
      return { challengeId, browserSecret };
    },

    async present(challengeId, readEvidence) {
      const challenge = await recordRefusal(audit, 'card.refused', undefined, () => takeChallenge(challengeId));
      let outcome: PresentationOutcome;
      try {
        outcome = {
          outcome: 'authenticated',
          citizen: await authenticateCitizen(readEvidence, presentationOf(challenge), ports),
        };
      } catch (error) {
        // Recorded by authenticateCitizen. The interaction learns the code and nobody is signed in.
        if (!(error instanceof ThiqaError)) ports.reportUnforeseen(error);
        outcome = { outcome: 'refused', code: error instanceof ThiqaError ? error.code : 'INTERNAL' };
      }
      const token = await issueHandOff(handOffs, challenge, outcome, inSeconds(ports.handOffSeconds));
      return { interaction: challenge.interaction, token };
    },

    async collect(claim) {
      const outcome = await recordRefusal(audit, 'hand-off.refused', claim.interaction, () =>
        takeHandOff(handOffs, claim, clock()),
      );
      // The value is our own: written by `present`, authenticated by the seal.
      return outcome as PresentationOutcome;
    },
  };
}

function presentationOf(challenge: { readonly interaction: string; readonly clientId: string }) {
  return { interaction: challenge.interaction, clientId: challenge.clientId };
}

/** Runs `step`; its refusal is on record before it goes on. */
async function recordRefusal<T>(
  audit: AuditLog,
  type: 'card.refused' | 'hand-off.refused',
  interaction: string | undefined,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const code = error instanceof ThiqaError ? error.code : 'INTERNAL';
    await audit.append({ type, code, ...(interaction !== undefined && { interaction }) });
    throw error;
  }
}
