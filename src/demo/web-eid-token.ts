/**
 * A Web eID authentication token signed with a card file, as the extension and the application make it of a card.
 */
import { createHash, sign, X509Certificate } from 'node:crypto';
import type { SoftwareCard } from './page-exchange.ts';

export interface WebEidToken {
  readonly unverifiedCertificate: string;
  readonly algorithm: 'ES256';
  readonly signature: string;
  readonly format: 'web-eid:1.0';
  readonly appVersion: string;
}

/**
 * @param card with a P-256 key
 * @param origin of the page: `scheme://host[:port]`
 * @param nonce the challenge, signed as the text that it is
 */
export function signWebEidToken(card: SoftwareCard, origin: string, nonce: string): WebEidToken {
  const signed = Buffer.concat([origin, nonce].map((text) => createHash('sha256').update(text).digest()));
  return {
    unverifiedCertificate: new X509Certificate(card.certificatePem).raw.toString('base64'),
    algorithm: 'ES256',
    signature: sign('sha256', signed, { key: card.keyPem, dsaEncoding: 'ieee-p1363' }).toString('base64'),
    format: 'web-eid:1.0',
    appVersion: 'card-file/1.0.0',
  };
}
