/**
 * One presentation of a card through Web eID: begin (the page gets a nonce), present (the page sends the token that the
 * extension made). Both happen at the interaction, in one browser, so nothing has to be handed off.
 *
 * The nonce counts once, whatever comes of it: whoever sends it uses it up, the wrong browser too. It is bound to the
 * interaction and to the browser that asked, so a token that somebody else's card signed, or that was signed for
 * somebody else's page, signs nobody in here (login cross-site request forgery).
 */

import { EvidenceError } from '../errors.ts';
import {
  type Challenge,
  hashOfSecret,
  isSameBrowser,
  NONCE_PATTERN,
  newBrowserSecret,
  newNonce,
  takeChallenge,
} from './challenge.ts';
import {
  decidePresentation,
  type PresentationOutcome,
  type PresentationPorts,
  recordRefusal,
  refusedByCode,
} from './presentation.ts';
import { evidenceFromWebEid } from './web-eid.ts';

export interface WebEidPorts extends PresentationPorts {
  /** Of the page that asks the extension: `scheme://host[:port]`, as browsers serialise it, without a trailing slash. */
  readonly origin: string;
  /** How long a nonce counts. */
  readonly nonceSeconds: number;
}

export interface WebEidClaim {
  readonly nonce: string;
  /** What the extension answered: parsed JSON, or its text. */
  readonly token: unknown;
  readonly interaction: string;
  /** The cookie of the browser, or undefined when it sent none. */
  readonly browserSecret: string | undefined;
}

export interface WebEidPresentations {
  /**
   * `nonce`: base64 of 32 random octets, 44 characters, for the page. `browserSecret`: for a cookie of its browser.
   * @throws ServiceError STORE_UNAVAILABLE
   */
  begin(interaction: string, clientId: string): Promise<{ readonly nonce: string; readonly browserSecret: string }>;
  /** The citizen, or the code of the refusal; either is on record. Throws nothing that a rule foresaw. */
  present(claim: WebEidClaim): Promise<PresentationOutcome>;
}

export function createWebEidPresentations(ports: WebEidPorts): WebEidPresentations {
  const { audit, challenges, clock, origin } = ports;

  const takeNonce = async (claim: WebEidClaim): Promise<Challenge> => {
    const challenge = await takeChallenge(challenges, claim.nonce, NONCE_PATTERN, clock());
    if (challenge.interaction !== claim.interaction) {
      throw new EvidenceError('CHALLENGE_OTHER_INTERACTION', 'the challenge belongs to another interaction');
    }
    if (!isSameBrowser(challenge.browserHash, claim.browserSecret)) {
      throw new EvidenceError('CHALLENGE_OTHER_BROWSER', 'the challenge belongs to another browser');
    }
    return challenge;
  };

  return {
    async begin(interaction, clientId) {
      const browserSecret = newBrowserSecret();
      const nonce = newNonce();
      await challenges.put({
        id: nonce,
        interaction,
        browserHash: hashOfSecret(browserSecret),
        clientId,
        expiresAt: new Date(clock().getTime() + ports.nonceSeconds * 1000),
      });
      return { nonce, browserSecret };
    },

    present(claim) {
      return refusedByCode(ports, async () => {
        const { interaction, clientId } = await recordRefusal(audit, 'card.refused', claim.interaction, () =>
          takeNonce(claim),
        );
        return decidePresentation(
          () => evidenceFromWebEid(claim.token, { nonce: claim.nonce, origin }),
          { interaction, clientId, method: 'web-eid' },
          ports,
        );
      });
    },
  };
}
