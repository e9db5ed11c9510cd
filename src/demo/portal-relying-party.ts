/**
 * The relying party's half of OpenID Connect for the demonstration portal, on `openid-client`: pushed authorization
 * request, PKCE S256, state, nonce, private_key_jwt; the signature of the assertion is verified.
 */
import { type JsonWebKey, webcrypto } from 'node:crypto';
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, type JWTVerifyGetKey } from 'jose';
import * as openid from 'openid-client';
import { type EndedSession, readLogoutToken } from './logout-token.ts';
import { publicPortalKey } from './portal-registration.ts';

/** What the browser's session must keep between the request and the answer. */
export interface PendingSignIn {
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** Claims by name. */
export type PortalClaims = Readonly<Record<string, unknown>>;

/** What the portal received of a citizen. */
export interface Assertion {
  /** Of the ID token and of userinfo, as far as the portal uses them. */
  readonly claims: PortalClaims;
  /** The provider's session, as its notice of logout names it. */
  readonly session: EndedSession;
  /** Whole, for a developer to read. The ID token is verified and decoded. */
  readonly tokens: {
    readonly idToken: { readonly header: PortalClaims; readonly payload: PortalClaims };
    readonly userinfo: PortalClaims;
  };
}

export interface RelyingParty {
  /** @param uiLocales languages for the provider's pages (OpenID Connect Core 3.1.2.1) */
  begin(redirectUri: URL, uiLocales?: string): Promise<{ readonly location: URL; readonly pending: PendingSignIn }>;
  /** @param answer the address to which the provider sent the citizen back, with its parameters */
  complete(answer: URL, pending: PendingSignIn): Promise<Assertion>;
  /**
   * The address that asks the provider to end its session. It says nothing of the citizen: the browser's session tells.
   * @param returnTo where the provider sends the citizen afterwards
   */
  endSession(returnTo: URL): Promise<{ readonly location: URL; readonly state: string }>;
  /** Rejects with an Error for anything that is no logout token for this portal. */
  readLogoutToken(token: string): Promise<EndedSession>;
}

export interface RelyingPartyOptions {
  readonly issuer: URL;
  readonly clientId: string;
  /** EC P-256. */
  readonly privateKeyJwk: JsonWebKey;
  readonly fetch?: openid.CustomFetch;
}

/**
 * Beside the scope (OpenID Connect Core 5.5): the number and the card, for the application; in the ID token, signed, how the
 * citizen was authenticated, and on which evidence the name rests, for whoever must decide about the passport.
 */
const CLAIMS_REQUEST = JSON.stringify({
  userinfo: { national_id: { essential: true }, document_details: null },
  id_token: {
    auth_time: { essential: true },
    acr: null,
    amr: null,
    verified_claims: {
      verification: {
        trust_framework: null,
        assurance_level: null,
        time: null,
        evidence: [
          { type: { value: 'document' }, document_details: null },
          {
            type: { value: 'electronic_signature' },
            created_at: null,
            'x5t#S256': null,
            revocation_details: null,
          },
        ],
      },
      claims: { given_name: null, family_name: null, birthdate: null },
    },
  },
});

/** What of the ID token the portal keeps; the rest served its verification. */
const KEPT_CLAIMS = ['iss', 'sub', 'auth_time', 'acr', 'amr', 'verified_claims'] as const;

export async function createRelyingParty(options: RelyingPartyOptions): Promise<RelyingParty> {
  const { kid } = await publicPortalKey(options.privateKeyJwk);
  const key = await webcrypto.subtle.importKey(
    'jwk',
    options.privateKeyJwk,
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  );
  // One discovery serves all sign-ins; one that failed is tried again at the next, for the provider may start later.
  let discovered: Promise<openid.Configuration> | undefined;
  const configuration = (): Promise<openid.Configuration> => {
    discovered ??= discover(options, { key, kid }).catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  };

  let keys: JWTVerifyGetKey | undefined;

  return {
    async begin(redirectUri, uiLocales) {
      const config = await configuration();
      const codeVerifier = openid.randomPKCECodeVerifier();
      const pending = { codeVerifier, state: openid.randomState(), nonce: openid.randomNonce() };
      const location = await openid.buildAuthorizationUrlWithPAR(config, {
        redirect_uri: redirectUri.href,
        scope: 'openid profile',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        // The portal wants the card itself each time, not a session that an earlier card opened.
        prompt: 'login',
        claims: CLAIMS_REQUEST,
        ...(uiLocales !== undefined && { ui_locales: uiLocales }),
      });
      return { location, pending };
    },

    async complete(answer, pending) {
      const config = await configuration();
      const tokens = await openid.authorizationCodeGrant(config, answer, {
        pkceCodeVerifier: pending.codeVerifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      });
      const assertion = tokens.claims();
      if (assertion === undefined) throw new TypeError('openid-client returns no answer without the expected ID token');
      const userinfo = await openid.fetchUserInfo(config, tokens.access_token, assertion.sub);
      const kept = KEPT_CLAIMS.filter((claim) => assertion[claim] !== undefined).map((claim) => [
        claim,
        assertion[claim],
      ]);
      return {
        claims: { ...userinfo, ...Object.fromEntries(kept) },
        session: { sub: assertion.sub, sid: typeof assertion.sid === 'string' ? assertion.sid : undefined },
        tokens: {
          idToken: { header: { ...decodeProtectedHeader(String(tokens.id_token)) }, payload: { ...assertion } },
          userinfo,
        },
      };
    },

    async endSession(returnTo) {
      const state = openid.randomState();
      const parameters = { client_id: options.clientId, post_logout_redirect_uri: returnTo.href, state };
      return { location: openid.buildEndSessionUrl(await configuration(), parameters), state };
    },

    async readLogoutToken(token) {
      const { issuer, jwks_uri: address } = (await configuration()).serverMetadata();
      if (address === undefined) throw new Error('the provider names no keys');
      const { fetch } = options;
      keys ??= createRemoteJWKSet(
        new URL(address),
        fetch && {
          [customFetch]: (url, request) =>
            fetch(url, { ...request, headers: Object.fromEntries(request.headers), body: undefined }),
        },
      );
      return readLogoutToken(token, { issuer, clientId: options.clientId, keys });
    },
  };
}

function discover(options: RelyingPartyOptions, key: openid.PrivateKey): Promise<openid.Configuration> {
  const execute = [
    // Otherwise openid-client trusts the token endpoint's TLS and leaves the signature of the assertion unread.
    openid.enableNonRepudiationChecks,
    // The demonstration's issuer speaks plain HTTP on loopback, where nobody listens in between.
    ...(isLoopback(options.issuer) ? [openid.allowInsecureRequests] : []),
  ];
  return openid.discovery(
    options.issuer,
    options.clientId,
    { token_endpoint_auth_method: 'private_key_jwt', id_token_signed_response_alg: 'ES256' },
    openid.PrivateKeyJwt(key),
    { execute, ...(options.fetch && { [openid.customFetch]: options.fetch }) },
  );
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]');
}

/** What went wrong, in the words of OAuth where the provider used them. */
export interface SignInFailure {
  readonly error: string;
  readonly description?: string;
}

/** An error of `begin` or `complete` as the portal may show it; what the provider did not say is not made up. */
export function describeFailure(error: unknown): SignInFailure {
  if (error instanceof openid.AuthorizationResponseError || error instanceof openid.ResponseBodyError) {
    return {
      error: error.error,
      ...(error.error_description !== undefined && { description: error.error_description }),
    };
  }
  // fetch reports a refused connection as a TypeError with a cause.
  if (error instanceof TypeError && error.cause !== undefined) return { error: 'provider_unreachable' };
  return { error: 'invalid_answer' };
}
