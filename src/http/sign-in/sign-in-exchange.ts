/**
 * What every step of a sign-in reads of its request and writes into its answer: the interaction that the address names,
 * the pages, the cookie that binds an attempt to the browser, and the end of an attempt.
 */
import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware, Next } from 'koa';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { CardPresentations } from '../../authentication/card-presentation.ts';
import type { PresentationOutcome } from '../../authentication/presentation.ts';
import type { WebEidPresentations } from '../../authentication/web-eid-presentation.ts';
import type { CitizenRecords } from '../../citizen/citizen-record.ts';
import type { ConsentStore } from '../../citizen/consent.ts';
import type { Clock } from '../../clock.ts';
import { type Code, ServiceError } from '../../errors.ts';
import type { BrowserRequest, Interactions, SignInInteraction } from '../../oidc/interaction.ts';
import { describeCode } from '../error-response.ts';
import { type Action, type PageData, type PageName, renderPage } from '../page.ts';
import { requestReference } from '../refusal-page.ts';
import { requestLocale } from '../request-language.ts';
import type { Sandbox } from '../sandbox.ts';
import { setContentSecurityPolicy } from '../security-headers.ts';

export interface SignInParts {
  readonly issuer: string;
  /** Where a challenge is answered: `https://LABEL.card.example.ma/SECRET`. */
  readonly cardAddress: (challengeId: string) => string;
  /** CSP source that covers every card address. */
  readonly cardSource: string;
  readonly interactions: Interactions;
  readonly presentations: CardPresentations;
  readonly webEid: WebEidPresentations;
  readonly citizens: CitizenRecords;
  readonly consents: ConsentStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly sandbox?: Sandbox | undefined;
}

/** Below the path at which oidc-provider resumes the authorization request, so that its cookie is sent here, too. */
export const interactionPath = (uid: string): string => `/auth/${uid}/sign-in`;

/** One a sign-in, seen by its pages alone; an attempt that begins takes the place of the one before, whatever its way. */
const BROWSER_COOKIE = 'thiqa_browser';

export function browserOf(ctx: Context): BrowserRequest {
  return { req: ctx.req, res: ctx.res, uid: ctx.params.uid };
}

export function goTo(ctx: Context, address: string): void {
  ctx.status = 303;
  ctx.set('Location', address);
  ctx.body = '';
}

/**
 * Goes on with the authorization request in this very answer, as if the browser had been sent to `path`: oidc-provider
 * stands further in. Spares the citizen a round trip, and the store what the one request would leave to the other.
 */
export function resume(ctx: Context, path: string, next: Next): Promise<unknown> {
  // The router further in notes its own.
  ctx.state.route = ctx._matchedRoute;
  ctx.method = 'GET';
  ctx.path = path;
  ctx.querystring = '';
  return next();
}

export function post(interaction: SignInInteraction, step: string, fields?: Readonly<Record<string, string>>): Action {
  return { action: `${interactionPath(interaction.uid)}/${step}`, ...(fields && { fields }) };
}

export interface Showing {
  /** False where the page's own address must not be asked for again. */
  readonly switchable?: boolean;
  /** Addresses that the page's scripts come from; it then may ask the issuer, too. */
  readonly scripts?: readonly string[];
}

export function show<Name extends PageName>(
  ctx: Context,
  interaction: SignInInteraction,
  parts: SignInParts,
  page: Name,
  data: PageData[Name],
  { switchable = true, scripts }: Showing = {},
): void {
  setContentSecurityPolicy(ctx, {
    assets: parts.issuer,
    formTargets: ["'self'", parts.cardSource, interaction.redirectOrigin],
    ...(scripts && { scripts }),
  });
  const locale = requestLocale(ctx, interaction.uiLocales);
  ctx.type = 'html';
  ctx.body = renderPage(page, data, {
    locale,
    assetsBase: parts.issuer,
    isSandbox: parts.sandbox !== undefined,
    ...(switchable && { query: ctx.querystring }),
  });
}

/** Binds the attempt that begins to this browser. */
export function rememberBrowser(ctx: Context, interaction: SignInInteraction, secret: string, issuer: string): void {
  ctx.cookies.set(BROWSER_COOKIE, secret, browserCookie(issuer, interaction.uid));
}

/** The secret that the browser remembers, if it remembers one. */
export function browserSecretOf(ctx: Context): string | undefined {
  return ctx.cookies.get(BROWSER_COOKIE, { signed: false });
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

/** The end of an attempt: the citizen is signed in and goes on, or reads why not and may try again. */
export async function concludePresentation(
  ctx: Context,
  next: Next,
  interaction: SignInInteraction,
  parts: SignInParts,
  present: () => Promise<PresentationOutcome>,
): Promise<void> {
  const outcome = await outcomeOf(present);
  if (outcome.outcome === 'authenticated') {
    const { citizen } = outcome;
    // A refusal leaves it: a second window of this sign-in may have begun an attempt since, which is not at fault.
    ctx.cookies.set(BROWSER_COOKIE, null, browserCookie(parts.issuer, interaction.uid));
    const { accountId, authenticatedAt } = citizen;
    await parts.citizens.remember({ accountId, signedInAt: authenticatedAt }, citizen);
    await resume(ctx, await parts.interactions.signIn(browserOf(ctx), citizen), next);
    return;
  }
  const { status, messageKey } = describeCode(outcome.code);
  ctx.status = status;
  show(
    ctx,
    interaction,
    parts,
    'refused',
    {
      code: outcome.code,
      messageKey,
      at: parts.clock(),
      reference: requestReference(ctx),
      tryAgain: { href: interactionPath(interaction.uid) },
      cancel: post(interaction, 'cancel'),
    },
    // The address names an attempt that is used up: no language switch may lead to it again.
    { switchable: false },
  );
}

async function outcomeOf(present: () => Promise<PresentationOutcome>): Promise<PresentationOutcome> {
  try {
    return await present();
  } catch (error) {
    // An attempt that is used, late or of another browser is refused here, where a new one can be offered.
    if (!(error instanceof Error && 'kind' in error && error.kind === 'evidence' && 'code' in error)) throw error;
    return { outcome: 'refused', code: error.code as Code }; // kind `evidence` is borne by EvidenceError alone
  }
}

/** A form of another site may not act here, even where a browser would send the cookie with it (RFC 6454, Fetch Metadata). */
export function sameOrigin(issuer: string): Middleware {
  return async (ctx, next) => {
    const origin = ctx.get('Origin');
    const site = ctx.get('Sec-Fetch-Site');
    if ((origin !== '' && origin !== issuer) || (site !== '' && site !== 'same-origin')) {
      throw new ServiceError('REQUEST_MALFORMED', 'a form was sent from another origin');
    }
    await next();
  };
}

/**
 * Reads the form of a request, of at most `limit`. One that cannot be read, such as one that is not compressed as it says
 * (RFC 9110 8.4), is a fault of the request; the middleware's own errors name the others by their HTTP status.
 */
export function readForm(limit: string): Middleware {
  return bodyParser({
    enableTypes: ['form'],
    formLimit: limit,
    onError(error) {
      if ('expose' in error) throw error;
      throw new ServiceError('REQUEST_MALFORMED', 'the body is no form, or not encoded as it says', { cause: error });
    },
  });
}
