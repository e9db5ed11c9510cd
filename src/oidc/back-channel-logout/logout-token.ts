/**
 * The logout token (OpenID Connect Back-Channel Logout 1.0, 2.4), made anew for each attempt since it lives for two
 * minutes, and its way to the portal (2.5). It is signed, and encrypted, as ID tokens of the portal are.
 */
import { randomUUID } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import { OnboardingError } from '../../errors.ts';
import type { Portal, PortalStore } from '../../relying-party/portal.ts';
import { clientMetadata } from '../client-metadata.ts';
import type { LogoutNotice } from './logout-notice.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Port: a POST of a form. Resolves for 200 and 204; throws ServiceError FETCH_... with `detail.status` where there was an answer. */
export type PostToPortal = (address: string, form: URLSearchParams, signal?: AbortSignal) => Promise<void>;

export interface LogoutTokenParts {
  readonly currentProvider: () => Provider;
  readonly portals: PortalStore;
  readonly post: PostToPortal;
}

/** @throws OnboardingError PORTAL_UNKNOWN: it is gone, or takes no notices; ServiceError FETCH_... */
export type SendLogoutToken = (notice: LogoutNotice, signal?: AbortSignal) => Promise<void>;

export function createSendLogoutToken({ currentProvider, portals, post }: LogoutTokenParts): SendLogoutToken {
  return async (notice, signal) => {
    const portal = await portals.find(notice.clientId);
    const address = portal?.protocol?.backchannel_logout_uri;
    if (portal === undefined || address === undefined) {
      throw new OnboardingError('PORTAL_UNKNOWN', 'the portal is gone, or takes no notices of logout');
    }
    const logout_token = await mint(currentProvider(), portal, notice);
    await post(address, new URLSearchParams({ logout_token }), signal);
  };
}

async function mint(provider: Provider, portal: Portal, { accountId, sid }: LogoutNotice): Promise<string> {
  // A portal that is suspended is no client, and signs out whom it signed in.
  const client =
    (await provider.Client.find(portal.clientId)) ?? Reflect.construct(provider.Client, [clientMetadata(portal)]);
  const token = new provider.IdToken({ sub: accountId }, { client });
  // What makes the subject pairwise.
  Object.assign(token, { mask: { sub: null } });
  token.set('events', { [EVENT]: {} });
  token.set('jti', randomUUID());
  if (client.backchannelLogoutSessionRequired === true) token.set('sid', sid);
  return token.issue({ use: 'logout' });
}
