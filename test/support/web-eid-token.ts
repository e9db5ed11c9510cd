/**
 * Web eID authentication tokens, good and precisely bad, made with the key of a test card.
 */
import { constants, createHash, type KeyObject, sign } from 'node:crypto';
import type { TestCertificate } from './authority.ts';

export const ORIGIN = 'https://id.example.ma';
/** base64 of 32 octets, as a challenge nonce is. */
export const NONCE = Buffer.alloc(32, 0x5a).toString('base64');

export interface WebEidSigning {
  readonly origin?: string;
  readonly nonce?: string;
  /** By which the signature is made; also what the token says, unless `members` says otherwise. */
  readonly algorithm?: string;
  readonly key?: KeyObject;
  /** `der` is what a Web eID token must not hold. */
  readonly ecdsaForm?: 'ieee-p1363' | 'der';
  /** Of the token: replaced, added, or left out where undefined. */
  readonly members?: Readonly<Record<string, unknown>>;
}

const USUAL: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

export function usualWebEidAlgorithm(key: KeyObject): string {
  return USUAL[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'RS256';
}

/** The token that the extension posts for this card, origin and nonce. */
export function webEidToken(card: TestCertificate, signing: WebEidSigning = {}): Record<string, unknown> {
  const { algorithm = usualWebEidAlgorithm(card.keys.publicKey) } = signing;
  return {
    action: 'web-eid:authenticate-success',
    algorithm,
    appVersion: 'https://web-eid.eu/web-eid-app/releases/v2.7.0',
    format: 'web-eid:1.0',
    signature: webEidSignature(card, { ...signing, algorithm }).toString('base64'),
    unverifiedCertificate: card.certificate.toString('base64'),
    ...signing.members,
  };
}

/** HASH(origin) and HASH(nonce), signed. */
export function webEidSignature(card: TestCertificate, signing: WebEidSigning): Buffer {
  const { origin = ORIGIN, nonce = NONCE, algorithm = '', key = card.keys.privateKey } = signing;
  const hash = `sha${algorithm.slice(2)}`;
  const digest = (text: string): Buffer => createHash(hash).update(text).digest();
  const octets = Buffer.concat([digest(origin), digest(nonce)]);
  if (algorithm.startsWith('PS')) {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return sign(hash, octets, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
  }
  return sign(hash, octets, { key, dsaEncoding: signing.ecdsaForm ?? 'ieee-p1363' });
}
