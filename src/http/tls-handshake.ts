/**
 * What the edge reads off a socket that asked for a certificate.
 */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { TlsHandshake } from '../authentication/client-certificate.ts';

/** @param request of an https server */
export function handshakeOf(request: IncomingMessage): TlsHandshake {
  const socket = request.socket as TLSSocket; // an https server hands out no other
  return {
    // `.raw` alone: the names beside it are texts made of ASN.1, and forgeable (S15).
    peerCertificate: socket.getPeerX509Certificate()?.raw,
    sessionResumed: socket.isSessionReused(),
  };
}
