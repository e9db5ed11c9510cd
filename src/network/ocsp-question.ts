/**
 * What an OCSP responder is asked, and which responder that is.
 */
import type { Certificate } from '../pki/certificate.ts';
import type { Authority } from '../pki/crl-issuer.ts';
import type { RevocationPolicy } from '../pki/revocation-policy.ts';

/** id-ad-ocsp (RFC 5280 4.2.2.1) */
const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1';

/** One certificate of a validated path: only such a one may cause network traffic (S9). */
export interface OcspQuestion {
  readonly certificate: Certificate;
  /** The authority whose key signed the certificate on that path. */
  readonly issuer: Authority;
  readonly policy: RevocationPolicy;
}

export interface Responder {
  readonly address: string;
  /** For record, log and health. */
  readonly name: string;
}

/** Of the policy, else of the certificate. Undefined when neither names one. */
export function responderFor({ certificate, policy }: OcspQuestion): Responder | undefined {
  const { responder } = policy.ocsp;
  if (responder !== undefined) return { address: responder, name: responder };
  for (const { accessMethod, accessLocation } of certificate.authorityInfoAccess ?? []) {
    if (accessMethod !== ID_AD_OCSP || accessLocation.kind !== 'uniformResourceIdentifier') continue;
    return { address: accessLocation.value, name: originOf(accessLocation.value) };
  }
  return undefined;
}

/** What goes on record of an address that a certificate names: the rest of it may be the certificate's alone. */
export function originOf(address: string): string {
  const url = URL.parse(address);
  return url === null || url.host === '' ? 'certificate' : `${url.protocol}//${url.host}`;
}
