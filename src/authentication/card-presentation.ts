/**
 * One presentation of a card, from the button to the outcome: begin (at the interaction), present (at the card host),
 * collect (at the interaction again).
 */
import type { CardEvidence } from './card-evidence.ts';
import { CHALLENGE_PATTERN, hashOfSecret, newBrowserSecret, newChallengeId, takeChallenge } from './challenge.ts';
import { type HandOffClaim, type HandOffStore, issueHandOff, takeHandOff } from './hand-off.ts';
import { decidePresentation, type PresentationOutcome, type PresentationPorts, recordRefusal } from './presentation.ts';

export interface CardPresentationPorts extends PresentationPorts {
  readonly handOffs: HandOffStore;
  readonly challengeSeconds: number;
  readonly handOffSeconds: number;
}

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

export function createCardPresentations(ports: CardPresentationPorts): CardPresentations {
  const { audit, challenges, handOffs, clock } = ports;
  const inSeconds = (seconds: number): Date => new Date(clock().getTime() + seconds * 1000);

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
      const challenge = await recordRefusal(audit, 'card.refused', undefined, () =>
        takeChallenge(challenges, challengeId, CHALLENGE_PATTERN, clock()),
      );
      const { interaction, clientId } = challenge;
      const presentation = { interaction, clientId, method: 'client-certificate' } as const;
      // The interaction learns the outcome, whatever it is.
      const outcome = await decidePresentation(readEvidence, presentation, ports);
      const token = await issueHandOff(handOffs, challenge, outcome, inSeconds(ports.handOffSeconds));
      return { interaction, token };
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
