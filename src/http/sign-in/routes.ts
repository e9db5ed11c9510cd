/**
 * The citizen's way through a sign-in: present the card, come back with the outcome, consent, or turn back. Reads
 * requests and writes responses; what is allowed is decided in the rooms behind.
 */
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { ServiceError } from '../../errors.ts';
import { claimsToConsent } from '../../oidc/consented-grant.ts';
import type { SignInInteraction } from '../../oidc/interaction.ts';
import { assetUrl } from '../assets.ts';
import { consentRows } from './consent-rows.ts';
import {
  browserOf,
  browserSecretOf,
  concludePresentation,
  goTo,
  interactionPath,
  post,
  readForm,
  rememberBrowser,
  resume,
  type SignInParts,
  sameOrigin,
  show,
} from './sign-in-exchange.ts';
import { addWebEidRoutes } from './web-eid-routes.ts';

const HAND_OFF_PARAMETER = 'hand-off';

export function handOffAddress(issuer: string, interaction: string, token: string): string {
  return `${issuer}${interactionPath(interaction)}/card?${HAND_OFF_PARAMETER}=${token}`;
}

export function signInRoutes(parts: SignInParts): Router {
  const { interactions, presentations } = parts;
  const router = new Router({ prefix: interactionPath(':uid') });
  const form: Middleware[] = [sameOrigin(parts.issuer), readForm('8kb')];

  router.get('/', async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    if (interaction.prompt === 'consent') await showConsent(ctx, interaction, parts);
    else showPresentCard(ctx, interaction, parts);
  });

  router.post('/card', ...form, async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    const { challengeId, browserSecret } = await presentations.begin(interaction.uid, interaction.portal.clientId);
    rememberBrowser(ctx, interaction, browserSecret, parts.issuer);
    goTo(ctx, parts.cardAddress(challengeId));
  });

  router.get('/card', async (ctx, next) => {
    const interaction = await interactions.find(browserOf(ctx));
    const token = ctx.query[HAND_OFF_PARAMETER];
    if (typeof token !== 'string')
      throw new ServiceError('REQUEST_MALFORMED', 'the address carries no hand-off, or several');
    await concludePresentation(ctx, next, interaction, parts, () =>
      presentations.collect({ token, interaction: interaction.uid, browserSecret: browserSecretOf(ctx) }),
    );
  });

  addWebEidRoutes(router, parts);

  router.post('/consent', ...form, async (ctx, next) => {
    const { interaction, accountId, claims } = await pendingConsent(ctx, parts);
    await parts.audit.append({
      type: 'citizen.consented',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
      accountId,
      claims,
    });
    await parts.consents.put({ accountId, clientId: interaction.portal.clientId, claims, givenAt: parts.clock() });
    await resume(ctx, await interactions.goOn(browserOf(ctx)), next);
  });

  router.post('/decline', ...form, async (ctx, next) => {
    const { interaction, accountId, claims } = await pendingConsent(ctx, parts);
    await parts.audit.append({
      type: 'citizen.declined',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
      accountId,
      claims,
    });
    await resume(ctx, await interactions.deny(browserOf(ctx), 'the citizen did not consent'), next);
  });

  router.post('/cancel', ...form, async (ctx, next) => {
    const interaction = await interactions.find(browserOf(ctx));
    await parts.audit.append({
      type: 'citizen.cancelled',
      clientId: interaction.portal.clientId,
      interaction: interaction.uid,
    });
    await resume(ctx, await interactions.deny(browserOf(ctx), 'the citizen cancelled the sign-in'), next);
  });

  return router;
}

function showPresentCard(ctx: Context, interaction: SignInInteraction, parts: SignInParts): void {
  const { issuer, sandbox } = parts;
  const script = assetUrl('webEidScript', issuer);
  const virtualCards = sandbox?.virtualCards;
  show(
    ctx,
    interaction,
    parts,
    'present-card',
    {
      portal: interaction.portal,
      present: post(interaction, 'card'),
      // The script fills them in.
      webEid: { present: post(interaction, 'web-eid', { nonce: '', token: '' }), script },
      ...(virtualCards && { virtualCards }),
      cancel: post(interaction, 'cancel'),
    },
    { scripts: [script, ...(virtualCards ? [virtualCards.folder] : [])] },
  );
}

async function pendingConsent(ctx: Context, parts: SignInParts) {
  const interaction = await parts.interactions.find(browserOf(ctx));
  if (interaction.prompt !== 'consent' || interaction.accountId === undefined) {
    throw new ServiceError('REQUEST_MALFORMED', 'the sign-in does not wait for a consent');
  }
  await signedInCitizen(interaction, parts);
  const claims = claimsToConsent(interaction.scope, interaction.claimsParameter, interaction.portal.claims);
  return { interaction, accountId: interaction.accountId, claims };
}

/** @throws ServiceError INTERACTION_NOT_FOUND */
async function signedInCitizen({ accountId, signedInAt }: SignInInteraction, { citizens }: SignInParts) {
  if (accountId === undefined || signedInAt === undefined) throw sessionOver();
  const citizen = await citizens.recall({ accountId, signedInAt });
  if (citizen === undefined) throw sessionOver();
  return { citizen, signedInAt };
}

function sessionOver(): ServiceError {
  return new ServiceError('INTERACTION_NOT_FOUND', 'the session of the citizen has ended');
}

async function showConsent(ctx: Context, interaction: SignInInteraction, parts: SignInParts): Promise<void> {
  const { scope, claimsParameter, portal } = interaction;
  const { citizen, signedInAt } = await signedInCitizen(interaction, parts);
  const requested = claimsToConsent(scope, claimsParameter, portal.claims);
  show(ctx, interaction, parts, 'consent', {
    portal,
    claims: consentRows(citizen, signedInAt, requested),
    maskedIdentifier: citizen.maskedIdentifier,
    consent: post(interaction, 'consent'),
    decline: post(interaction, 'decline'),
  });
}
