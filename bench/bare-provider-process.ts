/**
 * What the service is measured against: oidc-provider alone, on its memory store, with an interaction that signs anybody
 * in. With TLS, the interaction takes place on a Node https server that asks for the card, lets OpenSSL verify it against
 * the root and the issuing CA, and checks nothing more; all else is over plain HTTP, as on the other side.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Provider } from 'oidc-provider';
import { reportToBench } from './processes.ts';

export interface BareProviderParameters {
  readonly port: number;
  readonly portal: {
    readonly clientId: string;
    readonly redirectUri: string;
    readonly jwk: Readonly<Record<string, unknown>>;
  };
  readonly tls?: {
    readonly port: number;
    readonly certificate: string;
    readonly key: string;
    readonly authorities: readonly string[];
  };
}

const { port, portal, tls }: BareProviderParameters = JSON.parse(process.argv[2] ?? '');
const issuer = `http://localhost:${port}`;
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const CLAIMS = ['name', 'given_name', 'family_name', 'birthdate', 'gender'];

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: portal.clientId,
      redirect_uris: [portal.redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'ES256',
      jwks: { keys: [{ ...portal.jwk, kty: 'EC' }] },
    },
  ],
  jwks: { keys: [{ ...signingKey, kty: 'EC', kid: 'signing', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  claims: { openid: ['sub'], profile: CLAIMS },
  features: { devInteractions: { enabled: false }, pushedAuthorizationRequests: { enabled: true } },
  pkce: { required: () => true },
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256'], idTokenSigningAlgValues: ['ES256'] },
  interactions: {
    url: (_ctx, { uid }) => `${tls === undefined ? issuer : `https://localhost:${tls.port}`}/interaction/${uid}`,
  },
  ttl: { Interaction: 600, Session: 900, Grant: 900, AccessToken: 600, AuthorizationCode: 60, IdToken: 600 },
  findAccount: (_ctx, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      name: 'Fatima Zahra El Idrissi',
      given_name: 'Fatima Zahra',
      family_name: 'El Idrissi',
      birthdate: '1988-03-14',
      gender: 'F',
    }),
  }),
});

const answer = provider.callback();
async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const accountId = randomBytes(16).toString('hex');
  const grant = new provider.Grant({ accountId, clientId: portal.clientId });
  grant.addOIDCScope('openid profile');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId }, consent });
}
const handle = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.url?.startsWith('/interaction/')) {
    signIn(request, response).catch(() => response.writeHead(500).end());
  } else {
    void answer(request, response);
  }
};

const server = createServer(handle);
await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
if (tls !== undefined) {
  const cardServer = createTlsServer(
    {
      cert: readFileSync(tls.certificate),
      key: readFileSync(tls.key),
      ca: tls.authorities.map((file) => readFileSync(file)),
      requestCert: true,
      rejectUnauthorized: true,
    },
    handle,
  );
  await new Promise<void>((resolve) => cardServer.listen(tls.port, '127.0.0.1', resolve));
}
reportToBench(async () => undefined);
