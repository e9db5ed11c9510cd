/**
 * express-openid-connect, as its documentation has it: client_secret_basic, PKCE, logout at the provider.
 */
import express from 'express';
import oidc from 'express-openid-connect';
import { type ClientApplication, expectWholeJourney, serveClientApplication } from '../support/client-application.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a portal on express-openid-connect', () => {
  let service: TestService;
  let portal: ClientApplication;
  before(async () => {
    service = await startTestService();
    portal = await serveClientApplication(service, 'on-express', {}, ({ origin, issuer, clientId, clientSecret }) => {
      const app = express();
      app.use(
        oidc.auth({
          issuerBaseURL: issuer,
          baseURL: origin.origin,
          clientID: clientId,
          clientSecret,
          clientAuthMethod: 'client_secret_basic',
          secret: 'a secret of this test, for the session cookie',
          authRequired: false,
          idpLogout: true,
          routes: { postLogoutRedirect: origin.href },
          idTokenSigningAlg: 'ES256',
          authorizationParams: { response_type: 'code', scope: 'openid profile' },
        }),
      );
      app.get('/', async (request, response) => {
        if (request.oidc.isAuthenticated()) response.json(await request.oidc.fetchUserInfo());
        else response.send('nobody');
      });
      return app;
    });
  });
  after(async () => {
    portal?.close();
    await service?.dispose();
  });

  it('signs a citizen in with a card, reads a claim, and logs out', () => expectWholeJourney(service, portal));
});
