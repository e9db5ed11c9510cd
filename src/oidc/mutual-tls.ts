/**
 * Mutual TLS of portals (RFC 8705): what the provider is told of the certificate that came with a request. A certificate
 * comes from the handshakes of the portals' host alone (http/portal-host.ts); on any other host there is none, whatever
 * the request says.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Client, type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { ClientCertificate } from '../client-authentication/client-certificate.ts';
import { isSubjectMember, matchesSubject, SUBJECT_MEMBERS } from '../client-authentication/registered-subject.ts';

/** The certificates of requests that are under way. */
export class ClientCertificates {
  readonly #presented = new WeakMap<IncomingMessage, ClientCertificate>();

  present(request: IncomingMessage, certificate: ClientCertificate): void {
    this.#presented.set(request, certificate);
  }

  of(request: IncomingMessage): ClientCertificate | undefined {
    return this.#presented.get(request);
  }
}

export interface MutualTlsParts {
  readonly certificates: ClientCertificates;
  /** Origin of the portals' host. */
  readonly origin: string;
  /** Whether CAs are configured that issue certificates of portals. */
  readonly hasAuthorities: boolean;
}

type MutualTlsFeature = NonNullable<NonNullable<Configuration['features']>['mTLS']>;

/** The methods of RFC 8705 2 that this service can serve. */
export function mutualTlsMethods(
  parts: MutualTlsParts | undefined,
): readonly ('self_signed_tls_client_auth' | 'tls_client_auth')[] {
  if (parts === undefined) return [];
  return parts.hasAuthorities ? ['self_signed_tls_client_auth', 'tls_client_auth'] : ['self_signed_tls_client_auth'];
}

export function mutualTlsFeature(parts: MutualTlsParts | undefined): MutualTlsFeature {
  if (parts === undefined) return { enabled: false };
  const { certificates, hasAuthorities } = parts;
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: hasAuthorities,
    // The provider compares its SHA-256 with those that were registered (2.2.2) or that a token is bound to (3).
    getCertificate: (ctx) => {
      const presented = certificates.of(ctx.req);
      return presented && Buffer.from(presented.certificate.der).toString('base64');
    },
    certificateAuthorized: (ctx) => isAuthorised(ctx, certificates),
    certificateSubjectMatches: (ctx, property, expected) => {
      const presented = certificates.of(ctx.req);
      if (presented === undefined || !isSubjectMember(property) || typeof expected !== 'string') return false;
      return matchesSubject(presented.certificate, property, expected);
    },
  };
}

/** RFC 8705 5. The same paths, on the host that asks for certificates. */
export function mutualTlsAliases(origin: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(PORTAL_ENDPOINTS).map(([name, path]) => [`${name}_endpoint`, `${origin}${path}`]),
  );
}

/** The endpoints that portals ask themselves, without a browser: paths of oidc-provider. */
export const PORTAL_ENDPOINTS = {
  token: '/token',
  pushed_authorization_request: '/request',
  userinfo: '/me',
  introspection: '/token/introspection',
  revocation: '/token/revocation',
} as const;

/** What oidc-provider keeps of a client that its types leave out: registered keys, by value or fetched from jwks_uri. */
interface WithKeyStore {
  readonly asymmetricKeyStore: Iterable<{ readonly 'x5t#S256'?: string }> & { refresh(): Promise<void> };
}

/**
 * Counts a portal that has authenticated by its certificate, before anything is done for it. oidc-provider has no hook at
 * that moment which could wait; finding the client is the last step that does, so the certificate is looked at there.
 */
export function countByCertificate(
  provider: Provider,
  { certificates }: MutualTlsParts,
  count: (clientId: string, ctx: KoaContextWithOIDC) => Promise<void>,
): void {
  const find = provider.Client.find.bind(provider.Client);
  provider.Client.find = async (id) => {
    const client = await find(id);
    const ctx = Provider.ctx;
    // Later in a request, and where a token names the client, it is known already or not by its own word.
    if (client === undefined || ctx === undefined || !isAuthenticating(ctx, id)) return client;
    const presented = certificates.of(ctx.req);
    if (presented !== undefined && (await isOwn(presented, client))) await count(id, ctx);
    return client;
  };
}

const AUTHENTICATED_ROUTES = ['token', 'pushed_authorization_request', 'introspection', 'revocation'];

function isAuthenticating({ oidc }: KoaContextWithOIDC, id: string): boolean {
  return (
    AUTHENTICATED_ROUTES.includes(oidc.route) && oidc.entities.Client === undefined && oidc.params?.client_id === id
  );
}

/** The same question as the provider will ask. */
async function isOwn(presented: ClientCertificate, client: Client): Promise<boolean> {
  const { certificate, isAuthorised } = presented;
  if (client.clientAuthMethod === 'self_signed_tls_client_auth') {
    const { asymmetricKeyStore } = client as Client & WithKeyStore; // see there
    await asymmetricKeyStore.refresh();
    const thumbprint = createHash('sha256').update(certificate.der).digest('base64url');
    return [...asymmetricKeyStore].some((key) => key['x5t#S256'] === thumbprint);
  }
  if (client.clientAuthMethod !== 'tls_client_auth' || !isAuthorised) return false;
  const metadata = client.metadata();
  return SUBJECT_MEMBERS.some((member) => {
    const expected = metadata[member];
    return typeof expected === 'string' && matchesSubject(certificate, member, expected);
  });
}

function isAuthorised(ctx: KoaContextWithOIDC, certificates: ClientCertificates): boolean {
  const presented = certificates.of(ctx.req);
  // Why not is for the record of the refusal (audited-endpoints.ts).
  if (presented?.refusal !== undefined) ctx.state.refusalCode = presented.refusal;
  return presented?.isAuthorised ?? false;
}
