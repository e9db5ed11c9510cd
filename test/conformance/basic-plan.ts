/**
 * How the portals and the citizens of OpenID's basic plan are set up: its requests carry a nonce and no PKCE.
 */
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { Citizen } from '../support/citizen.ts';
import type { TestService } from '../support/service.ts';

export const BASIC_PLAN = { require_pkce: false };

/** A citizen with a card and a browser that has never been here. */
export function citizenOf(service: TestService, card: CardId = 'valid'): Citizen {
  return new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
}
