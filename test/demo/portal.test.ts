import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { type RunningPortal, startPortal } from '../../src/demo/portal.ts';
import { portalRegistration } from '../../src/demo/portal-registration.ts';
import { SignInInterrupted, signInWithCard } from '../../src/demo/sign-in.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCard, pemOf } from '../support/authority.ts';
import { type BareProvider, startBareProvider } from './bare-provider.ts';

describe('demonstration portal and sign-in client', () => {
  const privateKeyJwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const root = createTlsRoot(new Date());
  const server = generateKeys();
  const tlsRootPem = pemOf(root.certificate);
  const testCard = issueTestCard(createTestAuthority().issuing);
  const card = {
    certificatePem: pemOf(testCard.certificate),
    keyPem: testCard.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  let provider: BareProvider;
  let portal: RunningPortal;

  before(async () => {
    provider = await startBareProvider({
      cert: Buffer.from(pemOf(issueServerCertificate(root, server.publicKey, new Date()))),
      key: Buffer.from(server.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    });
    portal = await startPortal({ port: 0, issuer: provider.issuer, clientId: 'passport-renewal', privateKeyJwk });
    const registration = await portalRegistration(portal.url, privateKeyJwk);
    const { client_id, redirect_uris, post_logout_redirect_uris, jwks } = registration;
    const { backchannel_logout_uri, backchannel_logout_session_required } = registration;
    provider.serve({
      client_id,
      redirect_uris,
      post_logout_redirect_uris,
      backchannel_logout_uri,
      backchannel_logout_session_required,
      jwks: { keys: jwks.keys.map((key) => ({ ...key, kty: 'EC' })) },
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'ES256',
    });
  });
  beforeEach(() => {
    provider.refuseWith = undefined;
    provider.presented.length = 0;
  });
  after(async () => {
    await portal.close();
    await provider.close();
  });

  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, portal.url), { redirect: 'manual', ...init });

  /** Follows the portal and the provider by hand, up to the page of the card, with the cookies that it needs. */
  const beginByHand = async (): Promise<{
    portalCookie: string;
    answer: (parameters: string) => Promise<Response>;
  }> => {
    const login = await get('/login');
    const [portalCookie = ''] = login.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
    return {
      portalCookie,
      answer: (parameters) => get(`/callback?${parameters}`, { headers: { cookie: portalCookie } }),
    };
  };

  describe('registration', () => {
    it('holds the public key only, with its thumbprint', async () => {
      const { jwks, redirect_uris } = await portalRegistration(new URL('http://localhost:4100/'), privateKeyJwk);
      expect(jwks.keys[0]).to.include({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' }).and.not.have.property('d');
      expect(jwks.keys[0]?.kid).to.match(/^[\w-]{43}$/);
      expect(redirect_uris).to.deep.equal(['http://localhost:4100/callback']);
    });
  });

  describe('sign-in with a card', () => {
    it('ends with the claims that the portal received', async () => {
      const outcome = await signInWithCard({ portal: portal.url, card, tlsRootPem });
      expect(outcome).to.have.property('claims').that.includes({
        iss: provider.issuer.origin,
        sub: 'citizen',
        name: 'Amina <b>',
        'name#ar': 'أمينة',
        birthdate: '1990-02-28',
        acr: 'http://eidas.europa.eu/LoA/low',
      });
      expect(outcome).to.have.nested.property('claims.amr').that.deep.equals(['swk']);
      expect(outcome).to.have.nested.property('claims.auth_time').that.is.a('number');
    });

    it('reaches the card host under its label, with the certificate of the card', async () => {
      await signInWithCard({ portal: portal.url, card, tlsRootPem });
      expect(provider.presented).to.have.length(1);
      expect(provider.presented[0]?.host).to.match(/^label-\w{8}\.card\.localhost:\d+$/);
      expect(provider.presented[0]?.subject).to.include('PNOMA-ZT123456');
    });

    it('without a card ends with the code of the page', async () => {
      expect(await signInWithCard({ portal: portal.url, tlsRootPem })).to.include({ code: 'CARD_NOT_PRESENTED' });
    });

    it('with a card that is refused ends with the code, status and heading of the page', async () => {
      provider.refuseWith = 'CERT_REVOKED';
      expect(await signInWithCard({ portal: portal.url, card, tlsRootPem })).to.deep.equal({
        code: 'CERT_REVOKED',
        status: 403,
        title: 'Card & code',
      });
    });

    it('does not go on under a TLS root that it was not given', async () => {
      const stranger = pemOf(createTlsRoot(new Date()).certificate);
      await expectInterrupted(
        signInWithCard({ portal: portal.url, card, tlsRootPem: stranger }),
        /card\.localhost:\d+ failed/,
      );
      expect(provider.presented).to.have.length(0);
    });

    it('says that nothing runs when nothing listens', async () => {
      const other = await startPortal({
        port: 0,
        issuer: provider.issuer,
        clientId: 'passport-renewal',
        privateKeyJwk,
      });
      await other.close();
      await expectInterrupted(
        signInWithCard({ portal: other.url, card, tlsRootPem }),
        /nothing listens at http:\/\/localhost/,
      );
    });
  });

  describe('pages of the portal', () => {
    it('carry a content security policy without scripts, and cookies that scripts cannot read', async () => {
      const home = await get('/');
      expect(home.headers.get('content-security-policy'))
        .to.match(/^default-src 'none'/)
        .and.not.match(/unsafe|script/);
      const login = await get('/login');
      expect(login.headers.getSetCookie()).to.have.length(1);
      expect(login.headers.getSetCookie()[0]).to.match(
        /^passport_session=[\w-]{43}; path=\/; samesite=lax; httponly$/i,
      );
    });

    it('push the request: the browser carries nothing but its reference', async () => {
      const location = new URL((await get('/login')).headers.get('location') ?? '');
      expect([...location.searchParams.keys()].sort()).to.deep.equal(['client_id', 'request_uri']);
    });

    it('/me is closed to everyone who is not signed in', async () => {
      const response = await get('/me');
      expect(response.status).to.equal(401);
      expect(await response.json()).to.deep.equal({ error: 'not_signed_in' });
    });

    it('what is not there is 404', async () => {
      expect((await get('/nothing')).status).to.equal(404);
    });

    it('an answer that nobody waits for signs nobody in', async () => {
      const response = await get('/callback?code=abc&state=def');
      expect(response.status).to.equal(400);
      expect(await response.text()).to.include('data-error="no_sign_in"');
    });

    it('an answer with another state signs nobody in, whatever it says', async () => {
      for (const parameters of ['code=abc&state=other', 'error=access_denied&error_description=forged&state=other']) {
        const { answer } = await beginByHand();
        const response = await answer(parameters);
        expect(response.status).to.equal(403);
        expect(await response.text())
          .to.include('data-error="invalid_answer"')
          .and.not.include('forged');
      }
    });

    it('an answer is taken once', async () => {
      const { answer } = await beginByHand();
      await answer('code=abc&state=other');
      expect(await (await answer('code=abc&state=other')).text()).to.include('data-error="no_sign_in"');
    });

    it('an OAuth error is shown, escaped, with a way to try again', async () => {
      const { portalCookie } = await beginByHand();
      const page = await cancelAtProvider(portalCookie);
      expect(page)
        .to.include('data-error="access_denied"')
        .and.include('by &lt;choice&gt;')
        .and.include('data-action="try-again"');
      expect(page).not.to.include('<choice>');
    });
  });

  describe('the end of a session at the provider', () => {
    const notify = (token: string | undefined): Promise<Response> =>
      get('/back-channel-logout', {
        method: 'POST',
        body: new URLSearchParams(token === undefined ? {} : { logout_token: token }),
      });
    const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

    it('is told without the browser; what is no logout token for this portal is refused', async () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: provider.issuer.origin, aud: 'passport-renewal', iat: now, exp: now + 120, jti: 'one' };
      const token = await provider.sign(
        { ...claims, sub: 'citizen', events: EVENTS },
        { alg: 'ES256', typ: 'logout+jwt' },
      );
      const taken = await notify(token);
      expect(taken.status).to.equal(204);
      expect(taken.headers.get('cache-control')).to.equal('no-store');
      for (const refused of [undefined, 'x.y.z', await provider.sign({ ...claims, sub: 'citizen', events: EVENTS })]) {
        const response = await notify(refused);
        expect(response.status).to.equal(400);
        expect(await response.json()).to.deep.equal({ error: 'invalid_request' });
      }
    });

    it('is asked for by an address that says nothing of the citizen', async () => {
      const response = await get('/logout/everywhere');
      const location = new URL(response.headers.get('location') ?? '');
      expect(location.origin).to.equal(provider.issuer.origin);
      expect([...location.searchParams.keys()].sort()).to.deep.equal([
        'client_id',
        'post_logout_redirect_uri',
        'state',
      ]);
    });
  });

  /** Begins again with the cookie, and presses "cancel" at the provider. */
  async function cancelAtProvider(cookie: string): Promise<string> {
    const login = await get('/login', { headers: { cookie } });
    const session = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const authorization = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' });
    const providerCookies = authorization.headers.getSetCookie().map((text) => text.split(';')[0]);
    const headers = { cookie: providerCookies.join('; ') };
    const interaction = new URL(authorization.headers.get('location') ?? '', provider.issuer);
    const cancelled = await fetch(`${interaction.href}/cancel`, { redirect: 'manual', headers });
    const resumed = await fetch(cancelled.headers.get('location') ?? '', { redirect: 'manual', headers });
    const answer = await fetch(resumed.headers.get('location') ?? '', {
      redirect: 'manual',
      headers: { cookie: session },
    });
    expect(answer.status).to.equal(403);
    return answer.text();
  }

  it('a port that is taken is one clear error', async () => {
    try {
      await startPortal({ port: Number(portal.url.port), issuer: provider.issuer, clientId: 'other', privateKeyJwk });
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigurationError).with.property('code', 'PORT_TAKEN');
      return;
    }
    expect.fail('two portals listen on one port');
  });

  it('a provider that does not answer is an error page, and the next sign-in asks again', async () => {
    const lost = await startPortal({
      port: 0,
      issuer: new URL('http://127.0.0.1:1'),
      clientId: 'other',
      privateKeyJwk,
    });
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const response = await fetch(new URL('/login', lost.url), { redirect: 'manual' });
        expect(response.status).to.equal(502);
        expect(await response.text()).to.include('data-error="provider_unreachable"');
      }
    } finally {
      await lost.close();
    }
  });
});

async function expectInterrupted(attempt: Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    expect(error).to.be.instanceOf(SignInInterrupted).with.property('message').that.matches(message);
    return;
  }
  expect.fail('the sign-in went on');
}
