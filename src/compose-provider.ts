/**
 * Wires the provider, which changes with the keys, and the delivery of the notices that sessions have ended.
 */
import { errors } from 'oidc-provider';
import { highestLevelOf } from './authentication/accepted-document.ts';
import type { CitizenRecords } from './citizen/citizen-record.ts';
import { followKeys, type LiveProvider, type ServiceRing } from './compose-keys.ts';
import type { PortalHost } from './compose-portal-host.ts';
import type { Config } from './config.ts';
import type { Code } from './errors.ts';
import { describeError } from './http/error-response.ts';
import { LOCALES } from './http/localization.ts';
import { type RefusalPages, requestReference, showErrorPage } from './http/refusal-page.ts';
import { interactionPath } from './http/sign-in/sign-in-exchange.ts';
import { createSignOutPages } from './http/sign-out/sign-out-pages.ts';
import { acrNames } from './identity/level-of-assurance.ts';
import type { RateLimits } from './limits/rate-limits.ts';
import type { NotBeforeStore } from './not-before.ts';
import { assuranceAbilities } from './oidc/assurance-metadata.ts';
import { LogoutDelivery } from './oidc/back-channel-logout/logout-delivery.ts';
import { createSendLogoutToken } from './oidc/back-channel-logout/logout-token.ts';
import { createNotifyPortals } from './oidc/back-channel-logout/session-participants.ts';
import { createProvider } from './oidc/provider.ts';
import type { SubmittedInteractions } from './oidc/submitted-interactions.ts';
import { PortalSuspended } from './oidc/suspended-portal.ts';
import { portalFetchOf, portalPostOf } from './onboarding.ts';
import type { PortalStore } from './relying-party/portal.ts';

export interface ProviderComposition {
  readonly config: Config;
  readonly ring: ServiceRing;
  readonly portals: PortalStore;
  readonly notBefore: NotBeforeStore['find'];
  readonly citizens: CitizenRecords;
  readonly submitted: SubmittedInteractions;
  readonly documents: { current(): Promise<Parameters<typeof highestLevelOf>[0]> };
  readonly countClient: RateLimits['countClient'];
  readonly mutualTls: PortalHost['mutualTls'] | undefined;
  readonly refusalPages: RefusalPages;
}

export interface ComposedProvider {
  readonly liveProvider: LiveProvider;
  readonly logoutDelivery: LogoutDelivery;
}

export function composeProvider(parts: ProviderComposition): ComposedProvider {
  const { config, ring, portals, documents, refusalPages } = parts;
  const { issuer, lifetimes } = config;
  const { keys, store, audit, clock, log } = ring;
  const notifyPortals = createNotifyPortals(store.logoutNotices, clock, () => logoutDelivery.wake());
  const liveProvider = followKeys(ring, (jwks, cookieSignatures) => {
    const provider = createProvider({
      issuer,
      lifetimes,
      subjectKey: keys.subjectKey,
      jwks,
      cookieSignatures,
      protocol: store.protocol,
      portals,
      consents: store.consents,
      citizens: parts.citizens,
      submitted: parts.submitted,
      notBefore: parts.notBefore,
      audit,
      clock,
      mutualTls: parts.mutualTls,
      uiLocales: LOCALES.map(({ language }) => language),
      interactionPath,
      acrNames: acrNames(config.acrAliases),
      assurance: assuranceAbilities(config.documents.map(({ profile }) => profile)),
      highestReachableLevel: async () => highestLevelOf(await documents.current()),
      countClient: parts.countClient,
      fetchOfPortal: portalFetchOf(config),
      signOutPages: createSignOutPages({ issuer, sandbox: refusalPages.sandbox }),
      logoutNotices: store.logoutNotices,
      notifyPortals,
      renderError: (ctx, error) => {
        const code = codeOf(error, ctx.oidc?.route);
        log.refusal(requestReference(ctx), code, error);
        showErrorPage(ctx, code, refusalPages);
      },
    });
    provider.on('server_error', (_ctx, error) => log.failure('oidc', error));
    return provider;
  });
  const logoutDelivery = new LogoutDelivery({
    notices: store.logoutNotices,
    send: createSendLogoutToken({
      currentProvider: liveProvider.currentProvider,
      portals,
      post: portalPostOf(config),
    }),
    audit,
    clock,
    noticeSeconds: lifetimes.logoutNoticeSeconds,
    report: (error, clientId) => log.failure('logout-notice', error, clientId === undefined ? undefined : { clientId }),
  });
  return { liveProvider, logoutDelivery };
}

/** The limit and the suspension of a portal aside, whatever oidc-provider refuses is a fault of the request. */
function codeOf(error: Error, route: string | undefined): Code {
  if (!(error instanceof errors.OIDCProviderError)) return describeError(error).code;
  if (error.statusCode === 429) return 'TOO_MANY_REQUESTS';
  if (error instanceof PortalSuspended) return 'PORTAL_SUSPENDED';
  return route?.startsWith('end_session') ? 'LOGOUT_REQUEST_REFUSED' : 'AUTHORIZATION_REQUEST_REFUSED';
}
