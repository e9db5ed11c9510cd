/**
 * Mutual TLS of portals (RFC 8705): what the provider is told of the certificate that came with a request. A certificate
 * comes from the handshakes of the portals' host alone (http/portal-host.ts); on any other host there is none, whatever
 * the request says.
 */
import type { IncomingMessage } from 'node:http';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { ClientCertificate } from '../client-authentication/client-certificate.ts';
import { isSubjectMember, matchesSubject } from '../client-authentication/registered-subject.ts';

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

function isAuthorised(ctx: KoaContextWithOIDC, certificates: ClientCertificates): boolean {
  const presented = certificates.of(ctx.req);
  // Why not is for the record of the refusal (audited-endpoints.ts).
  if (presented?.refusal !== undefined) ctx.state.certificateRefusal = presented.refusal;
  return presented?.isAuthorised ?? false;
}
