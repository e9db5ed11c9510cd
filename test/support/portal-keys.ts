/**
 * Keys and certificates of portals, for tests.
 */
import { mintCertificate } from '../../src/demo/certificate-minting.ts';
import type { KeyPair } from '../../src/demo/signing.ts';
import { AT, daysFromAt } from './authority.ts';

/** A self-signed certificate, base64, as in `x5c`. */
export function certificateFor({ publicKey, privateKey }: KeyPair): string {
  const name = [{ type: 'commonName', value: 'portal' }] as const;
  return mintCertificate({
    subject: name,
    subjectKey: publicKey,
    issuer: name,
    issuerKey: privateKey,
    notBefore: AT,
    notAfter: daysFromAt(365),
    extensions: [],
  }).toString('base64');
}
