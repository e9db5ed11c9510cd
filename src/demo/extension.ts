/**
 * One extension of a certificate, a CRL or an entry of a CRL (RFC 5280 4.1, 5.1).
 */
import { boolean, objectIdentifier, octetString, sequence } from '../pki/der-writer.ts';

export interface Extension {
  /** Dotted decimal. */
  readonly oid: string;
  readonly critical: boolean;
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

export function extension(oid: string, critical: boolean, value: Uint8Array): Extension {
  return { oid, critical, value };
}

/** `critical` is DEFAULT FALSE, which DER leaves out. */
export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  return sequence(
    ...extensions.map(({ oid, critical, value }) =>
      critical
        ? sequence(objectIdentifier(oid), boolean(true), octetString(value))
        : sequence(objectIdentifier(oid), octetString(value)),
    ),
  );
}
