/**
 * The TLS server certificate of the demonstration's card host, under a root of its own: the root that a browser is asked
 * to trust for TLS can never vouch for a card, and the card's root never for a server.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type CertificationAuthority, createRootCa } from './authority.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from './certificate-extensions.ts';
import { mintCertificate } from './certificate-minting.ts';
import { encodeName } from './distinguished-name.ts';
import { generateKeys, type KeyPair } from './signing.ts';

const DAY = 86_400_000;

/** Browsers refuse server certificates that live longer than 825 days. */
const SERVER_LIFETIME_DAYS = 730;
const RENEWAL_DAYS = 30;

const TLS_ROOT_NAME = encodeName([
  { type: 'organizationName', value: 'Thiqa demonstration' },
  { type: 'commonName', value: 'Thiqa demonstration TLS root' },
]);

export function createTlsRoot(at: Date): CertificationAuthority {
  const notAfter = new Date(at.getTime() + 3650 * DAY);
  return createRootCa(TLS_ROOT_NAME, generateKeys('P-256'), { notBefore: new Date(at.getTime() - DAY), notAfter });
}

/** The root as it was written, for issuing again. */
export function restoreTlsRoot(certificate: X509Certificate, keys: KeyPair): CertificationAuthority {
  return { name: TLS_ROOT_NAME, keys, certificate: certificate.raw };
}

/** The certificate for every label of `*.card.localhost`, and for the issuer on this machine when it speaks TLS. */
export function issueServerCertificate(root: CertificationAuthority, key: KeyObject, at: Date): Buffer {
  return mintCertificate({
    subject: [{ type: 'commonName', value: 'card.localhost' }],
    subjectKey: key,
    issuer: root.name,
    issuerKey: root.keys.privateKey,
    notBefore: new Date(at.getTime() - DAY),
    notAfter: new Date(at.getTime() + SERVER_LIFETIME_DAYS * DAY),
    extensions: [
      authorityKeyIdentifier(root.keys.publicKey),
      subjectKeyIdentifier(key),
      keyUsage(['digitalSignature']),
      subjectAlternativeName([
        { dns: '*.card.localhost' },
        { dns: 'card.localhost' },
        { dns: 'localhost' },
        { ip: [127, 0, 0, 1] },
        { ip: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
      ]),
      basicConstraints({ ca: false }),
      extendedKeyUsage(['serverAuth']),
    ],
  });
}

/** True when the server certificate ends soon, so that a start should renew it. */
export function needsRenewal(certificate: X509Certificate, at: Date): boolean {
  return certificate.validToDate.getTime() < at.getTime() + RENEWAL_DAYS * DAY;
}
