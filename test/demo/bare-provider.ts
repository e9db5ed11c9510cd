/**
 * The least that the portal and the sign-in client can be tested against without the service: oidc-provider on its memory
 * adapter, pages with the same `data-action` and `data-code` attributes, and a card host that asks for a certificate. It
 * decides nothing about a card: the test says beforehand what the card host answers.
 */
import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { type ClientMetadata, Provider } from 'oidc-provider';

export interface BareProvider {
  readonly issuer: URL;
  /** Host names and certificates that reached the card host. */
  readonly presented: { readonly host: string | undefined; readonly subject: string | undefined }[];
  /** What the next presentation ends in: a refusal with this code, or the sign-in. */
  refuseWith: string | undefined;
  /** A JWT by the key of its ID tokens. */
  sign(claims: JWTPayload, header?: JWTHeaderParameters): Promise<string>;
  /** Starts to answer, for this client. */
  serve(client: ClientMetadata): void;
  close(): Promise<void>;
}

export async function startBareProvider(tls: { readonly cert: Buffer; readonly key: Buffer }): Promise<BareProvider> {
  const server = createServer();
  const issuer = new URL(`http://localhost:${await listen(server)}`);
  const presented: BareProvider['presented'] = [];
  const state = { issuer, presented, refuseWith: undefined as string | undefined };

  const cardHost = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const certificate: X509Certificate | undefined = (request.socket as TLSSocket).getPeerX509Certificate(); // https gives TLS sockets
    presented.push({ host: request.headers.host, subject: certificate?.subject });
    const uid = new URL(request.url ?? '/', issuer).searchParams.get('uid') ?? '';
    if (certificate === undefined) page(response, 403, '<h1>No card</h1>', 'CARD_NOT_PRESENTED');
    else if (state.refuseWith) page(response, 403, '<h1>Card &amp; code</h1>', state.refuseWith);
    else redirect(response, `${issuer.origin}/interaction/${uid}/finish`);
  });
  const cardPort = await listen(cardHost);

  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return Object.assign(state, {
    sign: (claims: JWTPayload, header: JWTHeaderParameters = { alg: 'ES256' }) =>
      new SignJWT(claims).setProtectedHeader({ kid: 'signing', ...header }).sign(signingKey),
    serve(client: ClientMetadata): void {
      const provider = createBareProvider(issuer, client, signingKey);
      const answer = provider.callback();
      server.on('request', (request, response) => {
        const interaction = /^\/interaction\/([\w-]+)(?:\/(\w+))?$/.exec(new URL(request.url ?? '/', issuer).pathname);
        if (interaction === null) answer(request, response);
        else void interact(provider, cardPort, interaction[2], request, response);
      });
    },
    async close(): Promise<void> {
      for (const each of [server, cardHost]) {
        each.close();
        each.closeAllConnections();
      }
    },
  });
}

function createBareProvider(issuer: URL, client: ClientMetadata, signingKey: KeyObject): Provider {
  return new Provider(issuer.origin, {
    clients: [client],
    jwks: { keys: [{ ...signingKey.export({ format: 'jwk' }), kty: 'EC', kid: 'signing', use: 'sig', alg: 'ES256' }] },
    acrValues: ['http://eidas.europa.eu/LoA/low'],
    cookies: { keys: ['a key of this test only'] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'name#ar', 'birthdate'],
      acr: null,
      amr: null,
      auth_time: null,
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      claimsParameter: { enabled: true },
      backchannelLogout: { enabled: true },
    },
    pkce: { required: () => true },
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256'], idTokenSigningAlgValues: ['ES256'] },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 60, AuthorizationCode: 60, IdToken: 60 },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, name: 'Amina <b>', 'name#ar': 'أمينة', birthdate: '1990-02-28' }),
    }),
  });
}

async function interact(
  provider: Provider,
  cardPort: number,
  step: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (step === 'finish') {
    const login = { accountId: 'citizen', acr: 'http://eidas.europa.eu/LoA/low', amr: ['swk'] };
    await provider.interactionFinished(request, response, { login });
  } else if (step === 'cancel') {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'by <choice>' });
  } else if (step === 'consent') {
    const grant =
      (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
      new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) });
    grant.addOIDCScope('openid profile');
    grant.addOIDCClaims(['auth_time', 'acr', 'amr']);
    await provider.interactionFinished(
      request,
      response,
      { consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: true },
    );
  } else if (step === 'card') {
    redirect(
      response,
      `https://label-${uid
        .slice(0, 8)
        .toLowerCase()
        .replace(/[^a-z0-9]/g, 'x')}.card.localhost:${cardPort}/?uid=${uid}`,
    );
  } else {
    const action = prompt.name === 'login' ? ['present-card', 'card'] : ['consent', 'consent'];
    page(
      response,
      200,
      `<h1>${prompt.name}</h1><a href="/interaction/${uid}/cancel" data-action="cancel">Cancel</a>
       <form method="post" action="/interaction/${uid}/${action[1]}" data-action="${action[0]}">
       <input type="hidden" name="token" value="a&amp;b"><button type="submit">Go on</button></form>`,
    );
  }
}

function page(response: ServerResponse, status: number, body: string, code?: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html', Connection: 'close' });
  response.end(`<!DOCTYPE html><html><body${code === undefined ? '' : ` data-code="${code}"`}>${body}</body></html>`);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { Location: location, Connection: 'close' });
  response.end();
}

function listen(server: Pick<Server, 'listen' | 'address'>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); // a TCP server has this form
  });
}
