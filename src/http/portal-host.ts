/**
 * The portals' host: mutual TLS (RFC 8705) for the endpoints that portals ask themselves. Certificates are asked for and,
 * in the handshake, verified against nothing: which portal one stands for is ours to decide, by the registration. Nothing
 * else of the issuer is here, and no browser is meant to come.
 *
 * Connections may stay open, for a certificate belongs to its connection; but no session is resumed (S24), so that each
 * connection is a proof of the key, and each request is decided anew.
 */
import { constants } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type SecureContextOptions, Server as TlsServer } from 'node:tls';
import Koa, { type Context, type Middleware } from 'koa';
import type { Provider } from 'oidc-provider';
import type { CardEvidence } from '../authentication/card-evidence.ts';
import { evidenceFromHandshake } from '../authentication/client-certificate.ts';
import { evidenceFromProxy, type ProxyPreset, type TrustedPeers } from '../authentication/proxy-certificate.ts';
import { assessClientCertificate, type ClientAuthorities } from '../client-authentication/client-certificate.ts';
import { EvidenceError, ServiceError, ThiqaError } from '../errors.ts';
import { type ClientCertificates, PORTAL_ENDPOINTS } from '../oidc/mutual-tls.ts';
import { limitConnections, PORTAL_HOST_LIMITS, serverOptions } from './connection-limits.ts';
import { mountCurrent } from './current-provider.ts';
import { type AddressLimits, limitRequests } from './limit-requests.ts';
import { assumeOrigin } from './public-origin.ts';
import { catchErrors, type RefusalPages, reportFailures, requestReference } from './refusal-page.ts';
import { requireOneHost } from './require-one-host.ts';
import { securityHeaders } from './security-headers.ts';
import { handshakeOf } from './tls-handshake.ts';
import { dropFailedHandshakes, serverContext, type TlsCredentials } from './tls-server.ts';

export interface PortalHostParts extends RefusalPages, AddressLimits {
  /** The provider of the moment. */
  readonly currentProvider: () => Provider;
  /** As portals see it. */
  readonly origin: string;
  readonly certificates: ClientCertificates;
  readonly authorities: ClientAuthorities | undefined;
  readonly mode:
    | { readonly kind: 'tls'; readonly credentials: TlsCredentials }
    | { readonly kind: 'header'; readonly preset: ProxyPreset; readonly peers: TrustedPeers };
}

export function createPortalHost(parts: PortalHostParts): Server {
  const handler = createPortalApp(parts).callback();
  const { mode } = parts;
  const options = { ...serverOptions(PORTAL_HOST_LIMITS), keepAliveTimeout: 5000 };
  const server =
    mode.kind === 'header'
      ? createHttpServer(options, handler)
      : createHttpsServer(
          {
            ...options,
            ...portalHostContext(mode.credentials),
            requestCert: true,
            rejectUnauthorized: false,
            handshakeTimeout: PORTAL_HOST_LIMITS.headerSeconds * 1000,
            ALPNProtocols: ['http/1.1'],
          },
          handler,
        );
  if (server instanceof TlsServer) dropFailedHandshakes(server);
  return limitConnections(server, PORTAL_HOST_LIMITS, parts);
}

/** From now on the handshakes of this host show this certificate; connections that are open go on. */
export function usePortalHostCredentials(server: Server, credentials: TlsCredentials): void {
  if (server instanceof TlsServer) server.setSecureContext(portalHostContext(credentials));
}

function portalHostContext(credentials: TlsCredentials): SecureContextOptions {
  return {
    ...serverContext(credentials),
    // Not even those that Node brings along (S7).
    ca: [],
    // One certificate a connection, proven when it was made.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function createPortalApp(parts: PortalHostParts): Koa {
  const app = new Koa();
  app.proxy = true;
  reportFailures(app, 'portal-host', parts.log);
  app.use(logRequests(parts));
  app.use(assumeOrigin(parts.origin));
  app.use(securityHeaders(parts.assets));
  app.use(catchErrors(parts));
  app.use(requireOneHost);
  app.use(limitRequests(parts));
  app.use(requirePortalEndpoint);
  app.use(readCertificate(parts));
  app.use(mountCurrent(parts.currentProvider));
  return app;
}

function logRequests({ log, clock }: PortalHostParts): Middleware {
  return async (ctx, next) => {
    const began = clock().getTime();
    await next();
    const route = String(ctx.oidc?.route ?? 'none');
    log.request(requestReference(ctx), ctx.method, route, ctx.status, clock().getTime() - began);
  };
}

const PATHS: readonly string[] = Object.values(PORTAL_ENDPOINTS);

const requirePortalEndpoint: Middleware = (ctx, next) => {
  if (!PATHS.includes(ctx.path))
    throw new ServiceError('PAGE_NOT_FOUND', 'this host has the endpoints of portals alone');
  return next();
};

/** A request without a certificate goes on: what it needs one for, the provider refuses. */
function readCertificate({ certificates, authorities, audit, clock, log, ...parts }: PortalHostParts): Middleware {
  return async (ctx, next) => {
    try {
      const evidence = readEvidence(ctx, parts.mode);
      if (evidence !== undefined) {
        const presented = await assessClientCertificate(evidence.unverifiedCertificate, authorities, clock());
        certificates.present(ctx.req, presented);
      }
    } catch (error) {
      if (!(error instanceof ThiqaError)) throw error;
      log.refusal(requestReference(ctx), error.code, error);
      const endpoint = PATHS.includes(ctx.path) ? ctx.path : 'none';
      await audit.append({ type: 'portal.refused', endpoint, error: 'invalid_client', code: error.code });
      // RFC 6749 5.2
      ctx.status = 401;
      ctx.body = { error: 'invalid_client', error_description: error.code };
      return;
    }
    await next();
  };
}

/** @throws EvidenceError TLS_SESSION_RESUMED, PROXY_*; CertificateError CERT_TOO_LARGE, CERT_MALFORMED */
function readEvidence(ctx: Context, mode: PortalHostParts['mode']): CardEvidence | undefined {
  try {
    if (mode.kind === 'tls') return evidenceFromHandshake(handshakeOf(ctx.req));
    const { rawHeaders, socket } = ctx.req;
    return evidenceFromProxy({ peerAddress: socket.remoteAddress ?? '', rawHeaders }, mode.preset, mode.peers);
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'CARD_NOT_PRESENTED') return undefined;
    throw error;
  }
}
