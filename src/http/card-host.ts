/**
 * The card host: the only place that asks for a certificate. Three traps of such a server are closed here
 * (SECURITY.md): a session that is resumed proves no key, a connection that stays open keeps a card that is out, and a
 * browser that was refused once never asks again on the same name. So: no session tickets, one request a connection,
 * a fresh name for each attempt, and a check of every handshake that was resumed all the same.
 */
import { constants } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type SecureContextOptions, type TLSSocket, Server as TlsServer } from 'node:tls';
import Koa, { type Context } from 'koa';
import type { CardEvidence } from '../authentication/card-evidence.ts';
import type { CardPresentations } from '../authentication/card-presentation.ts';
import { challengeAtAddress } from '../authentication/challenge.ts';
import { evidenceFromHandshake } from '../authentication/client-certificate.ts';
import { evidenceFromProxy, type ProxyPreset, type TrustedPeers } from '../authentication/proxy-certificate.ts';
import { ServiceError } from '../errors.ts';
import type { Name } from '../pki/name.ts';
import { CARD_HOST_LIMITS, limitConnections, serverOptions } from './connection-limits.ts';
import { issuerNameStub } from './issuer-name-stub.ts';
import { type AddressLimits, limitEveryRequest } from './limit-requests.ts';
import { catchErrors, type RefusalPages, reportFailures } from './refusal-page.ts';
import { requireOneHost } from './require-one-host.ts';
import { securityHeaders } from './security-headers.ts';
import { handOffAddress } from './sign-in/routes.ts';
import { handshakeOf } from './tls-handshake.ts';
import { dropFailedHandshakes, dropSilentPeers, serverContext, type TlsCredentials } from './tls-server.ts';

export interface CardHostParts extends RefusalPages, AddressLimits {
  readonly issuer: string;
  /** Labels stand directly under it. */
  readonly domain: string;
  readonly presentations: CardPresentations;
  readonly mode:
    | {
        readonly kind: 'tls';
        /** Of a wildcard certificate for the domain. */
        readonly credentials: TlsCredentials;
        /** Names of the CAs whose cards browsers offer. */
        readonly offeredIssuers: readonly Name[];
      }
    | { readonly kind: 'header'; readonly preset: ProxyPreset; readonly peers: TrustedPeers };
  /** The handshake lasts as long as the citizen types the PIN. */
  readonly handshakeSeconds: number;
}

type TlsMode = Extract<CardHostParts['mode'], { readonly kind: 'tls' }>;

export function createCardHost(parts: CardHostParts): Server {
  const handler = createCardApp(parts).callback();
  const limits = { ...serverOptions(CARD_HOST_LIMITS), keepAlive: false };
  const { mode } = parts;
  const server =
    mode.kind === 'header'
      ? createHttpServer(limits, handler)
      : createHttpsServer(
          {
            ...limits,
            ...secureContext(mode),
            requestCert: true,
            // Refusing is ours: with the code of the rule, on a page with a way to try again.
            rejectUnauthorized: false,
            handshakeTimeout: parts.handshakeSeconds * 1000,
            ALPNProtocols: ['http/1.1'],
          },
          handler,
        );
  server.maxRequestsPerSocket = 1;
  limitConnections(server, CARD_HOST_LIMITS, parts);
  // Every browser ends some handshakes half-way when it is asked for a certificate; that is no event.
  if (server instanceof TlsServer) {
    dropFailedHandshakes(server);
    dropSilentPeers(server, CARD_HOST_LIMITS.headerSeconds);
  }
  return server;
}

/**
 * From now on the handshakes of this card host offer these issuers, with the certificate that it now has; those under way
 * go on as they began.
 */
export function offerIssuers(server: Server, mode: CardHostParts['mode'], offeredIssuers: readonly Name[]): void {
  // Behind a proxy, the proxy offers.
  if (mode.kind === 'tls' && server instanceof TlsServer)
    server.setSecureContext(secureContext({ ...mode, offeredIssuers }));
}

/** TLS 1.2 is needed here: cards of older series sign RSA PKCS #1 v1.5 only, which 1.3 has not. */
function secureContext({ credentials, offeredIssuers }: TlsMode): SecureContextOptions {
  return {
    ...serverContext(credentials),
    ca: offeredIssuers.map(issuerNameStub),
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function createCardApp(parts: CardHostParts): Koa {
  const { issuer } = parts;
  const app = new Koa();
  reportFailures(app, 'card-host', parts.log);
  app.use(async (ctx, next) => {
    ctx.set('Connection', 'close');
    await next();
  });
  app.use(securityHeaders(issuer));
  app.use(catchErrors(parts));
  app.use(requireOneHost);
  app.use(limitEveryRequest(parts));
  app.use(async (ctx) => {
    const challengeId = challengeAtAddress(labelOf(ctx, parts.domain) ?? '', ctx.path);
    if (challengeId === undefined || ctx.method !== 'GET') {
      throw new ServiceError('PAGE_NOT_FOUND', 'the card host answers challenges and has no other page');
    }
    const { interaction, token } = await parts.presentations.present(challengeId, () => readEvidence(ctx, parts));
    ctx.status = 303;
    ctx.set('Location', handOffAddress(issuer, interaction, token));
    ctx.body = '';
  });
  return app;
}

/** `LABEL` of `LABEL.card.example.ma`; the name of the handshake and the name of the request must be one. */
function labelOf(ctx: Context, domain: string): string | undefined {
  const host = (ctx.req.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const { servername } = ctx.req.socket as Partial<TLSSocket>; // absent in header mode
  if (servername !== undefined && servername !== host) return undefined;
  const suffix = `.${domain}`;
  const label = host.endsWith(suffix) ? host.slice(0, -suffix.length) : '';
  return label === '' || label.includes('.') ? undefined : label;
}

function readEvidence(ctx: Context, { mode }: CardHostParts): CardEvidence {
  if (mode.kind === 'header') {
    const { rawHeaders, socket } = ctx.req;
    return evidenceFromProxy({ peerAddress: socket.remoteAddress ?? '', rawHeaders }, mode.preset, mode.peers);
  }
  return evidenceFromHandshake(handshakeOf(ctx.req));
}
