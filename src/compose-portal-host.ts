/**
 * Wires the portals' host, where the configuration has one: its certificate, the CAs of portals, and where the status of
 * their certificates comes from.
 */
import type { Server } from 'node:http';
import { trustedPeers } from './authentication/proxy-certificate.ts';
import type { ClientAuthorities } from './client-authentication/client-certificate.ts';
import { type Config, originOf } from './config.ts';
import { createPortalHost, type PortalHostParts, usePortalHostCredentials } from './http/portal-host.ts';
import { StoredCredentials } from './http/tls-server.ts';
import { DocumentRevocation, type DocumentRevocationOptions } from './network/document-revocation.ts';
import { ClientCertificates, type MutualTlsParts } from './oidc/mutual-tls.ts';

export interface PortalHost {
  /** For the provider. */
  readonly mutualTls: MutualTlsParts;
  /** Where this process ends TLS itself. */
  readonly credentials: StoredCredentials | undefined;
  createServer(parts: Omit<PortalHostParts, 'origin' | 'certificates' | 'authorities' | 'mode'>): Server;
  /** For health: its CAs, and where their status information comes from. */
  readonly authorities: (ClientAuthorities & { readonly revocation: DocumentRevocation }) | undefined;
  /** Shows the certificate that was read last. */
  useCredentials(server: Server): void;
  /** Fetches what the status of certificates rests on, before the first is shown. */
  refresh(): Promise<void>;
  close(): void;
}

/** @throws ConfigurationError CONFIG_UNREADABLE, TLS_CERTIFICATE_UNUSABLE */
export function composePortalHost(
  { mtls, revocation: { allowedHosts, privateHosts } }: Config,
  options: DocumentRevocationOptions,
): PortalHost | undefined {
  if (mtls === undefined) return undefined;
  const { mode, credentials } = modeOf(mtls);
  const { authorities: configured } = mtls;
  const revocation = configured && new DocumentRevocation({ ...configured, allowedHosts, privateHosts }, options);
  const authorities = configured && revocation && { ...configured, revocation };
  const certificates = new ClientCertificates();
  const origin = originOf(mtls);
  return {
    mutualTls: { certificates, origin, hasAuthorities: authorities !== undefined },
    credentials,
    authorities,
    createServer: (parts) => createPortalHost({ ...parts, origin, certificates, authorities, mode }),
    useCredentials(server) {
      if (credentials) usePortalHostCredentials(server, credentials);
    },
    refresh: async () => revocation?.refresh(),
    close: () => revocation?.close(),
  };
}

function modeOf({ mode, tls, header }: NonNullable<Config['mtls']>): {
  readonly mode: PortalHostParts['mode'];
  readonly credentials: StoredCredentials | undefined;
} {
  if (mode === 'header' && header !== undefined) {
    const peers = trustedPeers(header.trustedPeers);
    return { mode: { kind: 'header', preset: header.preset, peers }, credentials: undefined };
  }
  if (tls === undefined) throw new TypeError('the configuration schema demands this section');
  const credentials = new StoredCredentials(tls);
  return { mode: { kind: 'tls', credentials }, credentials };
}
