/**
 * openid-client: once as a portal of today would use it, once with everything that FAPI 2.0 asks of a portal.
 */
import { expect } from 'chai';
import * as openid from 'openid-client';
import { Citizen } from '../support/citizen.ts';
import { passThrough } from '../support/passage.ts';
import {
  generatePortalKey,
  type PortalKey,
  REDIRECT_URI,
  registerPortalByCommand,
  registrationOf,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const LOGGED_OUT = 'https://portal.example/';

describe('a portal on openid-client', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService();
  });
  after(() => service.dispose());

  it('signs a citizen in with a card, reads a claim, and logs out', async () => {
    const { client_secret = '' } = await registerPortalByCommand(
      service,
      registrationOf('on-openid-client', { post_logout_redirect_uris: [LOGGED_OUT] }),
    );
    const config = await openid.discovery(
      new URL(service.issuer),
      'on-openid-client',
      { id_token_signed_response_alg: 'ES256' },
      openid.ClientSecretBasic(client_secret),
      { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    );
    await expectJourney(config, {});
  });

  it('does the same under FAPI 2.0: pushed request, private_key_jwt, DPoP', async () => {
    const key = await generatePortalKey();
    await registerPortalByCommand(
      service,
      registrationOf('on-fapi2', {
        security_profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [key.publicJwk] },
        dpop_bound_access_tokens: true,
        post_logout_redirect_uris: [LOGGED_OUT],
      }),
    );
    const config = await discoverForFapi(key);
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const { accessToken, tokenType, subject } = await expectJourney(config, { DPoP });
    expect(tokenType).to.equal('dpop');
    // RFC 9449 7.1: whoever has the token and not its key has nothing.
    const bearer = await openid.fetchUserInfo(config, accessToken, subject).catch((error: unknown) => error);
    expect(bearer).to.be.instanceOf(openid.WWWAuthenticateChallengeError).and.include({ status: 401 });
  });

  function discoverForFapi({ privateKey, kid }: PortalKey): Promise<openid.Configuration> {
    return openid.discovery(
      new URL(service.issuer),
      'on-fapi2',
      { id_token_signed_response_alg: 'ES256', use_mtls_endpoint_aliases: false },
      openid.PrivateKeyJwt({ key: privateKey, kid }),
      { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    );
  }

  async function expectJourney(config: openid.Configuration, { DPoP }: { readonly DPoP?: openid.DPoPHandle }) {
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
    const parameters = {
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile',
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    };
    const location = DPoP
      ? await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
      : openid.buildAuthorizationUrl(config, parameters);
    const answer = await browse(citizen, location);
    const tokens = await openid.authorizationCodeGrant(
      config,
      answer,
      { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
      {},
      DPoP && { DPoP },
    );
    const subject = tokens.claims()?.sub ?? '';
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, subject, DPoP && { DPoP });
    expect(userinfo).to.include({ given_name: 'Fatima Zahra', family_name: 'El Idrissi' });

    const state = openid.randomState();
    const hint = { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: LOGGED_OUT, state };
    const loggedOut = await browse(citizen, openid.buildEndSessionUrl(config, hint));
    expect(loggedOut.href).to.equal(`${LOGGED_OUT}?state=${state}`);
    return { accessToken: tokens.access_token, tokenType: tokens.token_type, subject };
  }

  /** Through the pages of the service, to the address of the portal at which the browser arrives. */
  async function browse(citizen: Citizen, location: URL): Promise<URL> {
    const portal = new URL(REDIRECT_URI).origin;
    const passage = await passThrough(citizen, await citizen.send('GET', location), ({ origin }) => origin === portal);
    if (passage.arrived === undefined) throw new Error(`the browser stays on ${passage.lastPage}`);
    return passage.arrived.url;
  }
});
