/**
 * OCSP answers that all processes of the service share, so that of several only one asks about a card.
 *
 * An answer from there is believed no more than one from the network: the process that finds it verifies its signature,
 * the responder's right to it, the certificate that it is about, the nonce and the dates again. Whoever can write the
 * store could therefore only bring back an answer that the responder gave, until the nextUpdate and the maximum age that
 * end every answer; and could write the trust list, which stands beside it.
 */
import type { Certificate } from '../pki/certificate.ts';
import type { Authority } from '../pki/crl-issuer.ts';
import type { RevocationPolicy } from '../pki/revocation-policy.ts';

export interface OcspAnswer {
  /** Names the certificate and the key of its issuer; see `ocspAnswerKey`. */
  readonly key: string;
  /** DER of the OCSPResponse. */
  readonly response: Uint8Array;
  /** That of the request; absent when it had none. */
  readonly nonce?: Uint8Array;
  readonly receivedAt: Date;
  /** When it counts no more, whatever the policy. */
  readonly expiresAt: Date;
}

/** Port: answers that have not expired. */
export interface OcspAnswerStore {
  find(key: string, at: Date): Promise<OcspAnswer | undefined>;
  /** In place of one with this key that was received earlier; where a later one stands, nothing changes. */
  put(answer: OcspAnswer): Promise<void>;
}

export function ocspAnswerKey(certificate: Certificate, issuer: Authority): string {
  return `${certificate.sha256} ${issuer.publicKey.keySha256}`;
}

/** How long an answer counts: until its nextUpdate or its maximum age. Undefined: it is for the one who asked. */
export interface Lasting {
  readonly until: number | undefined;
}

/** Until then nobody asks again. */
export function keptUntil({ until }: Lasting, receivedAt: number, { ocsp }: RevocationPolicy): number {
  if (until === undefined) return Number.NEGATIVE_INFINITY;
  return Math.min(until, receivedAt + (ocsp.keepSeconds ?? Number.POSITIVE_INFINITY) * 1000);
}
