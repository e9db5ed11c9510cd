/**
 * Wires what listens: the card host's mode and addresses, and how a listener that ends TLS goes on with another certificate.
 */
import { addressOfChallenge } from './authentication/challenge.ts';
import { trustedPeers } from './authentication/proxy-certificate.ts';
import type { Config } from './config.ts';
import type { CardHostParts } from './http/card-host.ts';
import type { SignInParts } from './http/sign-in/sign-in-exchange.ts';
import { StoredCredentials } from './http/tls-server.ts';
import type { ListenerKind } from './operations/health.ts';
import type { Log } from './operations/log.ts';
import { trustedCertificates } from './trust/document-trust.ts';

/** A listener that ends TLS, and how it goes on with the certificate that was read last. */
export interface ListenerCredentials {
  readonly kind: ListenerKind;
  readonly credentials: StoredCredentials;
  readonly use: () => void;
}

/** With files that cannot be used, a listener keeps the certificate that it has. */
export function rereadCredentials({ kind, credentials, use }: ListenerCredentials, log: Log): void {
  try {
    if (!credentials.reread()) return;
    use();
    log.info('tls-certificate', { listener: kind });
  } catch (error) {
    log.failure('tls-certificate-refused', error, { listener: kind });
  }
}

/** @throws ConfigurationError CONFIG_UNREADABLE, TLS_CERTIFICATE_UNUSABLE */
export function credentialsOfCardHost({ cardHost: { mode, tls } }: Config): StoredCredentials | undefined {
  return mode === 'tls' && tls !== undefined ? new StoredCredentials(tls) : undefined;
}

export function cardHostMode(
  { cardHost, documents }: Config,
  credentials: StoredCredentials | undefined,
): CardHostParts['mode'] {
  if (cardHost.mode === 'header' && cardHost.header !== undefined) {
    return { kind: 'header', preset: cardHost.header.preset, peers: trustedPeers(cardHost.header.trustedPeers) };
  }
  if (credentials === undefined) throw new TypeError('the configuration schema demands this section');
  return {
    kind: 'tls',
    credentials,
    offeredIssuers: trustedCertificates(documents).map(({ certificate }) => certificate.subject),
  };
}

/** Where browsers answer challenges, each at a host of its own. */
export function cardAddresses({
  cardHost: { domain, publicPort },
}: Config): Pick<SignInParts, 'cardAddress' | 'cardSource'> {
  const port = publicPort === 443 ? '' : `:${publicPort}`;
  return {
    cardAddress: (challengeId) => {
      const { label, path } = addressOfChallenge(challengeId);
      return `https://${label}.${domain}${port}${path}`;
    },
    cardSource: `https://*.${domain}${port}`,
  };
}
