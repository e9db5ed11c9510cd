/**
 * The interaction of a request: oidc-provider's record of the authorization request that waits for the citizen, bound
 * to the browser by a signed cookie. What the pages need of it, and nothing of its library.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type InteractionResults, type Provider } from 'oidc-provider';
import type { AuthenticatedCitizen } from '../authentication/authenticated-citizen.ts';
import { ServiceError } from '../errors.ts';
import { acrOf } from '../identity/level-of-assurance.ts';
import type { Portal, PortalStore } from '../relying-party/portal.ts';
import type { SubmittedInteractions } from './submitted-interactions.ts';

export interface SignInInteraction {
  readonly uid: string;
  /** What oidc-provider waits for. */
  readonly prompt: 'login' | 'consent';
  readonly portal: Portal;
  readonly scope: string;
  readonly claimsParameter: string | undefined;
  readonly uiLocales: string | undefined;
  /** Origin that the browser returns to in the end. */
  readonly redirectOrigin: string;
  /** Of the session that is signed in already. */
  readonly accountId: string | undefined;
  /** When that session was opened with a card, epoch seconds; known where a consent is waited for. */
  readonly signedInAt: number | undefined;
}

/** The request and the response that carry the browser's cookies, and the uid that the address names. */
export interface BrowserRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly uid: string;
}

/**
 * Each of the last three returns the path of the authorization request: with the same request of the browser,
 * oidc-provider resumes it there (submitted-interactions.ts).
 */
export interface Interactions {
  /** @throws ServiceError INTERACTION_NOT_FOUND: unknown, ended, of another browser or session, or cookies altered */
  find(browser: BrowserRequest): Promise<SignInInteraction>;
  /** Signs the citizen in; a session of another citizen in this browser ends first, whenever it began. */
  signIn(browser: BrowserRequest, citizen: AuthenticatedCitizen): Promise<string>;
  /** Goes on after a consent that is on record. */
  goOn(browser: BrowserRequest): Promise<string>;
  /** Ends with `access_denied` (RFC 6749 4.1.2.1). @param reason the portal's error_description */
  deny(browser: BrowserRequest, reason: string): Promise<string>;
}

export interface InteractionParts {
  /** The provider of the moment: with any of them, what another began goes on. */
  readonly currentProvider: () => Provider;
  readonly portals: PortalStore;
  readonly submitted: SubmittedInteractions;
}

/** The session that was signed in already, by its uid and by its cookie at that time. */
interface SessionAtBegin {
  readonly uid: string;
  readonly cookie: string;
}

export function createInteractions({ currentProvider, portals, submitted }: InteractionParts): Interactions {
  const contextOf = ({ req, res }: BrowserRequest) => currentProvider().createContext(req, res);
  /** The cookie of an interaction outlives a browser that is closed, and whoever opens it next is not the citizen. */
  const isInSession = async (browser: BrowserRequest, { cookie, uid }: SessionAtBegin): Promise<boolean> => {
    const { Session } = currentProvider();
    const sent = contextOf(browser).cookies.get(currentProvider().cookieName('session'), { signed: true });
    if (sent === undefined) return false;
    // It has changed where another window went on with the session.
    return sent === cookie || (await Session.find(sent))?.uid === uid;
  };
  const details = async ({ req, res, uid }: BrowserRequest) => {
    try {
      const interaction = await currentProvider().interactionDetails(req, res);
      if (interaction.uid !== uid) throw new errors.SessionNotFound('the cookie is of another interaction');
      if (interaction.session !== undefined && !(await isInSession({ req, res, uid }, interaction.session))) {
        throw new errors.SessionNotFound('the session of the interaction is not that of the browser');
      }
      return interaction;
    } catch (cause) {
      if (!(cause instanceof errors.OIDCProviderError)) throw cause;
      throw new ServiceError('INTERACTION_NOT_FOUND', 'no interaction belongs to this address and browser', { cause });
    }
  };
  /** Of a request, what was read for it already: one answer has one view of its interaction. */
  const seen = new WeakMap<IncomingMessage, ReturnType<typeof details>>();
  const detailsOnce = (browser: BrowserRequest): ReturnType<typeof details> => {
    const known = seen.get(browser.req) ?? details(browser);
    seen.set(browser.req, known);
    return known;
  };
  const finish = async (browser: BrowserRequest, result: InteractionResults): Promise<string> => {
    const interaction = await detailsOnce(browser);
    interaction.result = result;
    submitted.put(browser.req, interaction.uid, { ...interaction });
    return new URL(interaction.returnTo).pathname;
  };
  /** Two citizens, one browser: nothing of the first one's session may reach the second one's portals. */
  const endSessionOfOther = async (browser: BrowserRequest, accountId: string): Promise<void> => {
    // It may have begun after the interaction, in another window.
    const session = await currentProvider().Session.get(contextOf(browser));
    if (session.accountId === undefined || session.accountId === accountId) return;
    await session.destroy();
    delete (await detailsOnce(browser)).session;
  };

  return {
    async find(browser) {
      const interaction = await detailsOnce(browser);
      const { params, prompt } = interaction;
      const portal = await portals.find(String(params.client_id));
      if (portal === undefined || (prompt.name !== 'login' && prompt.name !== 'consent')) {
        throw new ServiceError('INTERACTION_NOT_FOUND', 'the portal is gone, or the prompt is none of ours');
      }
      return {
        uid: interaction.uid,
        prompt: prompt.name,
        portal,
        scope: String(params.scope ?? ''),
        claimsParameter: optionalText(params.claims),
        uiLocales: optionalText(params.ui_locales),
        redirectOrigin: new URL(String(params.redirect_uri)).origin,
        accountId: interaction.session?.accountId,
        signedInAt: typeof prompt.details.signedInAt === 'number' ? prompt.details.signedInAt : undefined,
      };
    },

    async signIn(browser, citizen) {
      await endSessionOfOther(browser, citizen.accountId);
      // Begins anew: a consent that was submitted before may be that of another citizen.
      return finish(browser, {
        login: {
          accountId: citizen.accountId,
          acr: acrOf(citizen.assurance.level),
          amr: [...citizen.assurance.methods],
          ts: citizen.authenticatedAt,
          remember: false,
        },
      });
    },

    async goOn(browser) {
      // Consent follows the card, which is not asked for again.
      const { lastSubmission } = await detailsOnce(browser);
      return finish(browser, { ...lastSubmission, consent: {} });
    },
    deny: (browser, reason) => finish(browser, { error: 'access_denied', error_description: reason }),
  };
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
