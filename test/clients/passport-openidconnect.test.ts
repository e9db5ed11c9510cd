/**
 * passport-openidconnect: an old client that knows neither PKCE nor signatures. It authenticates with client_secret_post and
 * sends a nonce, so it may be registered without PKCE (RFC 9700 2.1.1).
 */
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OpenIdConnectStrategy from 'passport-openidconnect';
import {
  type ClientApplication,
  expectWholeJourney,
  type Registered,
  serveClientApplication,
} from '../support/client-application.ts';
import { startTestService, type TestService } from '../support/service.ts';

const REGISTRATION = { token_endpoint_auth_method: 'client_secret_post', require_pkce: false };

interface SignedInCitizen {
  readonly claims: object;
  readonly idToken: string;
}

describe('a portal on passport-openidconnect', () => {
  let service: TestService;
  let portal: ClientApplication;
  before(async () => {
    service = await startTestService();
    portal = await serveClientApplication(service, 'on-passport', REGISTRATION, createApplication);
  });
  after(async () => {
    portal?.close();
    await service?.dispose();
  });

  it('signs a citizen in with a card, reads a claim, and logs out', () => expectWholeJourney(service, portal));
});

/** The library takes no discovery document: its options are what the discovery document says. */
async function createApplication({ origin, issuer, clientId, clientSecret }: Registered): Promise<express.Express> {
  const discovery = await fetch(new URL('/.well-known/openid-configuration', issuer));
  const metadata = (await discovery.json()) as Readonly<Record<string, string>>; // the members read here are strings
  const {
    authorization_endpoint = '',
    token_endpoint = '',
    userinfo_endpoint = '',
    end_session_endpoint = '',
  } = metadata;

  const strategy = new OpenIdConnectStrategy(
    {
      issuer,
      authorizationURL: authorization_endpoint,
      tokenURL: token_endpoint,
      userInfoURL: userinfo_endpoint,
      clientID: clientId,
      clientSecret,
      callbackURL: new URL('/callback', origin).href,
      scope: ['profile'],
      nonce: 'wanted',
    },
    readUserinfo,
  );
  const authenticator = new passport.Passport();
  authenticator.use(strategy);
  authenticator.serializeUser((citizen, done) => done(null, citizen));
  authenticator.deserializeUser((citizen: SignedInCitizen, done) => done(null, citizen));

  const app = express();
  app.use(session({ secret: 'a secret of this test', resave: false, saveUninitialized: false, name: 'portal' }));
  app.use(authenticator.session());
  const authenticate = authenticator.authenticate('openidconnect', { failWithError: true });
  app.get('/login', authenticate);
  app.get('/callback', authenticate, (_request, response) => response.redirect('/'));
  app.get('/', (request, response) => {
    const citizen = request.user as SignedInCitizen | undefined; // what deserializeUser gave
    if (citizen === undefined) response.send('nobody');
    else response.json(citizen.claims);
  });
  app.get('/logout', (request, response, next) => {
    const { idToken = '' } = (request.user as SignedInCitizen | undefined) ?? {}; // what deserializeUser gave
    request.logout((error) => {
      if (error) next(error);
      const parameters = { id_token_hint: idToken, post_logout_redirect_uri: origin.href };
      response.redirect(`${end_session_endpoint}?${new URLSearchParams(parameters)}`);
    });
  });
  return app;
}

/** The library counts the parameters: with nine it reads userinfo, and keeps its text beside what it understood of it. */
function readUserinfo(
  _issuer: string,
  userinfo: object,
  _profile: object,
  _context: object,
  idToken: string | object,
  _accessToken: string | object,
  _refreshToken: string,
  _parameters: unknown,
  done: OpenIdConnectStrategy.VerifyCallback,
): void {
  const claims = '_json' in userinfo ? userinfo._json : undefined;
  done(null, { claims, idToken });
}
