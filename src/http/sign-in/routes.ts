/**
 * The citizen's way through a sign-in: present the card, come back with the outcome, consent, or turn back. Reads
 * requests and writes responses; what is allowed is decided in the rooms behind.
 */
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { CardPresentations } from '../../authentication/card-presentation.ts';
import type { CitizenRecords } from '../../citizen/citizen-record.ts';
import type { ConsentStore } from '../../citizen/consent.ts';
import type { Clock } from '../../clock.ts';
import { type Code, ServiceError } from '../../errors.ts';
import type { TaggedText } from '../../identity/person.ts';
import { claimsOf, untaggedClaim } from '../../oidc/claims.ts';
import { claimsToConsent } from '../../oidc/consented-grant.ts';
import type { BrowserRequest, Interactions, SignInInteraction } from '../../oidc/interaction.ts';
import { describeCode } from '../error-response.ts';
import { type Action, type PageData, type PageName, renderPage } from '../page.ts';
import { requestReference } from '../refusal-page.ts';
import { requestLocale } from '../request-language.ts';
import { setContentSecurityPolicy } from '../security-headers.ts';

export interface SignInParts {
  readonly issuer: string;
  /** Where a challenge is answered: `https://LABEL.card.example.ma/SECRET`. */
  readonly cardAddress: (challengeId: string) => string;
  /** CSP source that covers every card address. */
  readonly cardSource: string;
  readonly interactions: Interactions;
  readonly presentations: CardPresentations;
  readonly citizens: CitizenRecords;
  readonly consents: ConsentStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export const interactionPath = (uid: string): string => `/sign-in/${uid}`;

/** The cookie that binds a hand-off to the browser: one a sign-in, seen by its pages alone. */
const BROWSER_COOKIE = 'thiqa_browser';
const HAND_OFF_PARAMETER = 'hand-off';

export function handOffAddress(issuer: string, interaction: string, token: string): string {
  return `${issuer}${interactionPath(interaction)}/card?${HAND_OFF_PARAMETER}=${token}`;
}

export function signInRoutes(parts: SignInParts): Router {
  const { interactions, presentations } = parts;
  const router = new Router({ prefix: '/sign-in/:uid' });
  const form: Middleware[] = [sameOrigin(parts.issuer), bodyParser({ enableTypes: ['form'], formLimit: '8kb' })];

  router.get('/', async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    if (interaction.prompt === 'consent') await showConsent(ctx, interaction, parts);
    else {
      show(ctx, interaction, parts, 'present-card', {
        portal: interaction.portal,
        present: post(interaction, 'card'),
        cancel: post(interaction, 'cancel'),
      });
    }
  });

  router.post('/card', ...form, async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    const { challengeId, browserSecret } = await presentations.begin(interaction.uid, interaction.portal.clientId);
    ctx.cookies.set(BROWSER_COOKIE, browserSecret, browserCookie(parts.issuer, interaction.uid));
    goTo(ctx, parts.cardAddress(challengeId));
  });

  router.get('/card', async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    const browserSecret = ctx.cookies.get(BROWSER_COOKIE, { signed: false });
    ctx.cookies.set(BROWSER_COOKIE, null, browserCookie(parts.issuer, interaction.uid));
    const token = ctx.query[HAND_OFF_PARAMETER];
    if (typeof token !== 'string')
      throw new ServiceError('REQUEST_MALFORMED', 'the address carries no hand-off, or several');
    const outcome = await collect(ctx, interaction, token, browserSecret, parts);
    if (outcome === undefined) return;
    const { citizen } = outcome;
    await parts.citizens.remember(citizen.accountId, {
      person: citizen.person,
      maskedIdentifier: citizen.maskedIdentifier,
    });
    goTo(ctx, await interactions.signIn(browserOf(ctx), citizen));
  });

  router.post('/consent', ...form, async (ctx) => {
    const { interaction, accountId, claims } = await pendingConsent(ctx, interactions);
    await parts.audit.append({
      type: 'citizen.consented',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
      accountId,
      claims,
    });
    await parts.consents.put({ accountId, clientId: interaction.portal.clientId, claims, givenAt: parts.clock() });
    goTo(ctx, await interactions.goOn(browserOf(ctx)));
  });

  router.post('/decline', ...form, async (ctx) => {
    const { interaction, accountId, claims } = await pendingConsent(ctx, interactions);
    await parts.audit.append({
      type: 'citizen.declined',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
      accountId,
      claims,
    });
    goTo(ctx, await interactions.deny(browserOf(ctx), 'the citizen did not consent'));
  });

  router.post('/cancel', ...form, async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    await parts.audit.append({
      type: 'citizen.cancelled',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
    });
    goTo(ctx, await interactions.deny(browserOf(ctx), 'the citizen cancelled the sign-in'));
  });

  return router;
}

function browserOf(ctx: Context): BrowserRequest {
  return { req: ctx.req, res: ctx.res, uid: ctx.params.uid };
}

function goTo(ctx: Context, address: string): void {
  ctx.status = 303;
  ctx.set('Location', address);
  ctx.body = '';
}

/** The authenticated citizen; or undefined when the page of the refusal is on its way. */
async function collect(
  ctx: Context,
  interaction: SignInInteraction,
  token: string,
  browserSecret: string | undefined,
  parts: SignInParts,
) {
  let code: Code;
  try {
    const outcome = await parts.presentations.collect({ token, interaction: interaction.uid, browserSecret });
    if (outcome.outcome === 'authenticated') return outcome;
    ({ code } = outcome);
  } catch (error) {
    // A hand-off that is used, late or of another browser is refused here, where a new attempt can be offered.
    if (!(error instanceof Error && 'kind' in error && error.kind === 'evidence' && 'code' in error)) throw error;
    code = error.code as Code; // kind `evidence` is borne by EvidenceError alone
  }
  const { status, messageKey } = describeCode(code);
  ctx.status = status;
  show(
    ctx,
    interaction,
    parts,
    'refused',
    {
      code,
      messageKey,
      at: parts.clock(),
      reference: requestReference(ctx),
      tryAgain: { href: interactionPath(interaction.uid) },
      cancel: post(interaction, 'cancel'),
    },
    // The address holds a hand-off that is used up: no language switch may lead to it again.
    { switchable: false },
  );
  return undefined;
}

async function pendingConsent(ctx: Context, interactions: Interactions) {
  const interaction = await interactions.find(browserOf(ctx));
  if (interaction.prompt !== 'consent' || interaction.accountId === undefined) {
    throw new ServiceError('REQUEST_MALFORMED', 'the sign-in does not wait for a consent');
  }
  const claims = claimsToConsent(interaction.scope, interaction.claimsParameter, interaction.portal.claims);
  return { interaction, accountId: interaction.accountId, claims };
}

async function showConsent(ctx: Context, interaction: SignInInteraction, parts: SignInParts): Promise<void> {
  const signedIn = interaction.accountId === undefined ? undefined : await parts.citizens.recall(interaction.accountId);
  if (signedIn === undefined) throw new ServiceError('INTERACTION_NOT_FOUND', 'the session of the citizen has ended');
  const requested = claimsToConsent(interaction.scope, interaction.claimsParameter, interaction.portal.claims);
  const valuesOf = new Map<string, TaggedText[]>(requested.map((claim) => [claim, []]));
  for (const [claim, value] of Object.entries(claimsOf(signedIn.person, requested))) {
    const language = claim.split('#')[1];
    valuesOf.get(untaggedClaim(claim))?.push(language === undefined ? { value } : { value, language });
  }
  show(ctx, interaction, parts, 'consent', {
    portal: interaction.portal,
    claims: [{ name: 'sub', values: [] }, ...[...valuesOf].map(([name, values]) => ({ name, values }))],
    maskedIdentifier: signedIn.maskedIdentifier,
    consent: post(interaction, 'consent'),
    decline: post(interaction, 'decline'),
  });
}

function show<Name extends PageName>(
  ctx: Context,
  interaction: SignInInteraction,
  parts: SignInParts,
  page: Name,
  data: PageData[Name],
  { switchable } = { switchable: true },
): void {
  setContentSecurityPolicy(ctx, {
    assets: parts.issuer,
    formTargets: ["'self'", parts.cardSource, interaction.redirectOrigin],
  });
  const locale = requestLocale(ctx, interaction.uiLocales);
  ctx.type = 'html';
  ctx.body = renderPage(page, data, {
    locale,
    assetsBase: parts.issuer,
    ...(switchable && { query: ctx.querystring }),
  });
}

function post(interaction: SignInInteraction, step: string): Action {
  return { action: `${interactionPath(interaction.uid)}/${step}` };
}

function browserCookie(issuer: string, uid: string) {
  return {
    httpOnly: true,
    // Lax: the card host, another site, sends the browser back here by a redirect.
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    path: interactionPath(uid),
    signed: false,
    overwrite: true,
  } as const;
}

/** A form of another site may not act here, even where a browser would send the cookie with it (RFC 6454, Fetch Metadata). */
function sameOrigin(issuer: string): Middleware {
  return async (ctx, next) => {
    const origin = ctx.get('Origin');
    const site = ctx.get('Sec-Fetch-Site');
    if ((origin !== '' && origin !== issuer) || (site !== '' && site !== 'same-origin')) {
      throw new ServiceError('REQUEST_MALFORMED', 'a form was sent from another origin');
    }
    await next();
  };
}
