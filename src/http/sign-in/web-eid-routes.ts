/**
 * The way of Web eID: the page's script asks for a challenge nonce at the click, the extension has the card sign it, and
 * a form carries the token here. What the token is worth is decided behind.
 */
import type Router from '@koa/router';
import { ServiceError } from '../../errors.ts';
import {
  browserOf,
  browserSecretOf,
  concludePresentation,
  readForm,
  rememberBrowser,
  type SignInParts,
  sameOrigin,
} from './sign-in-exchange.ts';

/** A token has at most 10,000 characters; percent-encoding makes little more of them. */
const FORM_LIMIT = '16kb';

export function addWebEidRoutes(router: Router, parts: SignInParts): void {
  const { interactions, webEid, issuer } = parts;

  router.post('/web-eid/challenge', sameOrigin(issuer), async (ctx) => {
    const interaction = await interactions.find(browserOf(ctx));
    const { nonce, browserSecret } = await webEid.begin(interaction.uid, interaction.portal.clientId);
    rememberBrowser(ctx, interaction, browserSecret, issuer);
    ctx.body = { nonce };
  });

  router.post('/web-eid', sameOrigin(issuer), readForm(FORM_LIMIT), async (ctx, next) => {
    const interaction = await interactions.find(browserOf(ctx));
    const { nonce, token } = fieldsOf(ctx.request.body);
    await concludePresentation(ctx, next, interaction, parts, () =>
      webEid.present({ nonce, token, interaction: interaction.uid, browserSecret: browserSecretOf(ctx) }),
    );
  });
}

/** @throws ServiceError REQUEST_MALFORMED */
function fieldsOf(body: unknown): { readonly nonce: string; readonly token: string } {
  const { nonce, token } = (body ?? {}) as Readonly<Record<string, unknown>>; // a form: names with texts, or lists of them
  if (typeof nonce !== 'string' || typeof token !== 'string')
    throw new ServiceError('REQUEST_MALFORMED', 'the form does not carry one nonce and one token');
  return { nonce, token };
}
